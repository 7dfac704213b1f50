"""Everything that touches the world: databases, sockets, disks, cards, clocks."""
