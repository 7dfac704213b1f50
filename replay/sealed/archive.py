"""A sealed log in one file: to be handed over, opened, verified and asked without a database.

Beside the files of the log it holds what a reader of another day needs to make sense of them: the
JSON Schema of every event type, the tables of codes, the public key, how the columns lie, and what
nodes are called, whose names stand in the leaves of the published tree.
"""

from __future__ import annotations

import json
import mmap
import zlib
from collections.abc import Callable, Collection, Iterator, Mapping
from importlib import resources
from io import FileIO
from pathlib import Path

from blake3 import blake3
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from registry.codec import json_schema
from registry.vocabulary import VOCABULARY
from replay.columns import layout as format_of_columns
from replay.columns import narrow as format_of_envelopes
from replay.columns import runs as format_of_runs
from replay.columns.faults import Damaged, Flaw, Foreign
from replay.sealed import files as format_of_files
from replay.sealed.files import put, sync
from replay.sealed.manifest import CHAIN, MANIFEST, Manifest
from replay.sealed.reading import Files, edition_file, read_manifest, verify
from replay.sealed.zipped import Member, central, local, read_members

#: The member that lists the hashes of what explains the log; the manifest lists the log's own.
CONTENTS = "contents.json"
NODES = "nodes.json"
_CHUNK = 1 << 20


def write_archive(
    files: Files,
    path: Path,
    progress: Callable[[int], None] = lambda written: None,
    announce: Callable[[Manifest], object] = lambda manifest: None,
    nodes: Mapping[int, str] | None = None,
) -> None:
    """Write the sealed log that stands into one new file, durably; an older one is replaced.

    progress: is told of bytes written. announce: is told what is in the file, before it gets its
    name. nodes: their names by number. Raises as `SealedLog` does.
    """
    manifest = read_manifest(files)
    names = [MANIFEST, CHAIN, edition_file(manifest.link.vocabulary)]
    names += [part.file for part in manifest.parts]
    members = {name: files.data(name) for name in names}  # held open, whatever the writer does
    about = _about(manifest.signed.key)
    if nodes:
        about[NODES] = json.dumps(nodes, ensure_ascii=False, indent=1).encode() + b"\n"
    hashes = {name: blake3(data).hexdigest() for name, data in about.items()}
    about[CONTENTS] = json.dumps(hashes, indent=1).encode() + b"\n"
    members |= {name: memoryview(data) for name, data in about.items()}
    beside = path.with_name(f"{path.name}.new")
    try:
        with FileIO(beside, "wb") as file:
            _put_members(file, members, progress)
        sync(beside)
        announce(manifest)
        beside.replace(path)
    except BaseException:  # half an archive is of no use, and may be what fills the disk
        beside.unlink(missing_ok=True)
        raise
    sync(path.parent)


def _put_members(
    file: FileIO, members: Mapping[str, memoryview], progress: Callable[[int], None]
) -> None:
    done: list[Member] = []
    at = 0
    for name, data in members.items():
        crc = 0
        for begin in range(0, len(data), _CHUNK):
            crc = zlib.crc32(data[begin : begin + _CHUNK], crc)
        head = local(name, len(data), crc, at)
        put(file, head)
        put(file, data)
        done.append(Member(name, len(data), crc, at + len(head)))
        at += len(head) + len(data)
        progress(len(data))
    put(file, central(done, at))


def _about(key: str) -> dict[str, bytes]:
    """What explains a log."""
    told = {"README.txt": _explained().encode()}
    for word in sorted(VOCABULARY.values(), key=lambda word: word.code):
        schema = json.dumps(json_schema(word), ensure_ascii=False, indent=1)
        told[f"schemas/{word.code:05}-{word.name}.json"] = schema.encode() + b"\n"
    for table in sorted(resources.files("registry.codes").iterdir(), key=lambda one: one.name):
        if table.name.endswith(".csv"):
            told[f"codes/{table.name}"] = table.read_bytes()
    if key:
        public = Ed25519PublicKey.from_public_bytes(bytes.fromhex(key))
        told["key.pem"] = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return told


def _explained() -> str:
    """How to read the files of columns with nothing but this text."""
    modules = (format_of_files, format_of_runs, format_of_columns, format_of_envelopes)
    return "\n\n".join(str(module.__doc__).strip() for module in modules) + "\n"


class Archive:
    """The files of a sealed log in one file, mapped where they lie.

    Raises NotFoundError of the system if there is none, Foreign if it is something else, Damaged
    where what stands around its members is not as it was written.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        with path.open("rb") as file:
            if file.seek(0, 2) == 0:
                raise Foreign(f"{path.name} is empty")
            self._data = memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
        self.members: Mapping[str, Member] = {
            one.name: one for one in read_members(path.name, self._data)
        }

    @property
    def size(self) -> int:
        """Bytes of the whole file."""
        return len(self._data)

    def data(self, name: str) -> memoryview:
        """A member's bytes; raises FileNotFoundError if there is none."""
        one = self.members.get(name)
        if one is None:
            raise FileNotFoundError(name)
        return self._data[one.offset : one.offset + one.size]

    def nodes(self) -> dict[int, str]:
        """The names of nodes by number; none in an archive that does not tell them."""
        if NODES not in self.members:
            return {}
        told = json.loads(bytes(self.data(NODES)))
        return {int(number): str(name) for number, name in told.items()}


def verify_archive(
    path: Path,
    keys: Collection[Ed25519PublicKey] = (),
    progress: Callable[[int], None] = lambda read_bytes: None,
    sound: set[str] | None = None,
) -> Iterator[Flaw]:
    """Check every byte of an archive; yields what is wrong, by member, column and leaf.

    keys, progress, sound: as of `verify`.
    """
    try:
        archive = Archive(path)
    except Damaged as damaged:
        yield from damaged.flaws
        return
    except Foreign as foreign:
        yield Flaw(path.name, str(foreign))
        return
    yield from verify(archive, keys, progress, sound)
    try:
        hashes = json.loads(bytes(archive.data(CONTENTS)))
    except (FileNotFoundError, ValueError):
        yield Flaw(CONTENTS, "it is missing or cannot be read")
        return
    one = archive.members[CONTENTS]
    if zlib.crc32(archive.data(CONTENTS)) != one.crc:
        yield Flaw(CONTENTS, "its sum is another")
        return
    for name, told in hashes.items():
        try:
            if blake3(archive.data(name)).hexdigest() != told:
                yield Flaw(name, "its hash is another")
        except FileNotFoundError:
            yield Flaw(name, "it is missing")
