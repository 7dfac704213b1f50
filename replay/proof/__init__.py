"""The log as a Merkle tree, and the signed notes about it."""
