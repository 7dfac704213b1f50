"""Entries to stored JSON, two halves, and back; old event types are raised to current ones.

The `state` half holds codes, ids, integers and days, and for each part of the other half a salted
SHA-256; the `private` half holds one part per data subject. Both are canonical: fields in declared
order, defaults left out, no white space, one newline at the end.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import MISSING
from functools import cache
from operator import itemgetter
from typing import Any

import msgspec

from registry.entry import Entry
from registry.errors import NewerProgram
from registry.store import StoredEntry
from registry.values import day_number, day_of
from registry.vocabulary import VOCABULARY, EventType, Field, Kind

#: What stands in a field whose part was redacted.
REDACTED = "〔redacted〕"

Salt = Callable[[], bytes]


def encode_value(value: Any) -> Any:
    """Say a value that JSON has no word for: ours are texts with a check."""
    if isinstance(value, str):
        return str(value)
    raise TypeError(f"{type(value).__name__} cannot be stored")


_BODY = msgspec.json.Encoder(enc_hook=encode_value, order=None)


def canonical(body: Any) -> bytes:
    """The canonical JSON of a command or an answer, in declared order."""
    return _BODY.encode(body)


def _trusted(kind: type[Any], raw: Any) -> Any:
    """A value read back from the store: it was checked when it was recorded."""
    return str.__new__(kind, raw) if isinstance(raw, str) else kind(raw)


def _struct(name: str, fields: list[Field], extra: list[tuple[str, Any, Any]]) -> type[Any]:
    specs: list[Any] = [
        (field.name, field.type)
        if field.default is MISSING
        else (field.name, field.type, field.default)
        for field in fields
    ]
    return msgspec.defstruct(
        name, specs + extra, kw_only=True, omit_defaults=True, gc=False, namespace={}
    )


def _written(name: str, fields: list[Field], extra: list[tuple[str, Any, Any]]) -> type[Any]:
    """The same for writing alone: its values are given in order, which takes a third of the time.

    So each has a default; that of a field which must be told is none that it ever has.
    """
    specs = [
        (field.name, Any, msgspec.UNSET if field.default is MISSING else field.default)
        for field in fields
    ]
    return msgspec.defstruct(name, specs + extra, omit_defaults=True, gc=False, namespace={})


def _picked(fields: list[Field]) -> Callable[[Mapping[str, Any]], tuple[Any, ...]]:
    """What picks the values of some fields, in their order, out of all those of an event."""
    names = [field.name for field in fields]
    if len(names) > 1:
        return itemgetter(*names)
    (name,) = names
    return lambda values: (values[name],)


class _Part:
    """What the codec derives of one part of the private half."""

    __slots__ = ("key", "name", "pick", "struct", "untold", "written")

    def __init__(self, name: str, struct: type[Any], fields: list[Field]) -> None:
        self.name = name
        self.key = name.encode()
        self.struct = struct
        self.written = _written(struct.__name__, fields, [])
        self.pick = _picked(fields)
        #: The values of a part in which nothing is told; never those of one with a field that must.
        self.untold = tuple(field.default for field in fields)


class _Shape:
    """What the codec derives, once, from the declaration of one event type."""

    def __init__(self, word: EventType) -> None:
        self.word = word
        public = [field for field in word.fields if field.part is None]
        self.pick = _picked(public)
        self.state = _written(word.name, public, [("parts", Any, {})])
        state = _struct(word.name, public, [("parts", dict[str, str], {})])
        self.decode_state = msgspec.json.Decoder(state, dec_hook=_trusted).decode
        self.defaults = {
            field.name: field.default for field in word.fields if field.default is not MISSING
        }
        self.parts: list[_Part] = []
        self.untold: dict[str, dict[str, Any]] = {}
        self.redacted: dict[str, dict[str, Any]] = {}
        for part in word.parts:
            fields = [field for field in word.fields if field.part == part]
            names = tuple(field.name for field in fields)
            self.parts.append(_Part(part, _struct(f"{word.name}_{part}", fields, []), fields))
            self.untold[part] = {n: self.defaults[n] for n in names if n in self.defaults}
            self.redacted[part] = {field.name: _blank(field.type) for field in fields}
        #: The fields of all parts where nothing is told.
        self.silent = {name: value for told in self.untold.values() for name, value in told.items()}
        # One pass reads the whole half: a part that is absent or blanked reads as None.
        private: Any = msgspec.defstruct(
            f"{word.name}_private",
            [(part.name, part.struct | None, None) for part in self.parts],
            gc=False,
        )
        self.decode_private = msgspec.json.Decoder(private, dec_hook=_trusted).decode
        self.old = hasattr(word.shape, "upcast")


@cache
def _shape(word: EventType) -> _Shape:
    """What is derived once a process: a program has several codecs, and all need the same."""
    return _Shape(word)


def _blank(kind: Any) -> Any:
    """What a field says whose part was redacted, of the field's own type."""
    if type(None) in getattr(kind, "__args__", ()):
        return None
    return () if getattr(kind, "__origin__", None) is tuple else _trusted(kind, REDACTED)


_told = msgspec.structs.asdict
_RAW = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode


class Codec:
    """Writes and reads the events of one vocabulary."""

    def __init__(self, vocabulary: Mapping[type[Any], EventType] = VOCABULARY) -> None:
        self._by_type = {shape: _shape(word) for shape, word in vocabulary.items()}
        self._by_code = {shape.word.code: shape for shape in self._by_type.values()}
        self._encode = msgspec.json.Encoder(enc_hook=encode_value, order=None).encode

    def halves(self, event: Any, salt: Salt) -> tuple[bytes, bytes]:
        """The stored state and private halves of an event."""
        shape = self._by_type[type(event)]
        values = event.__dict__
        digests: dict[str, str] = {}
        private: list[bytes] = []
        for part in shape.parts:
            told = part.pick(values)
            if told == part.untold:
                continue
            body = self._encode(part.written(*told))
            salted = b'{"salt":"%s"%s%s' % (
                salt().hex().encode(),
                b"" if body == b"{}" else b",",
                body[1:],
            )
            digests[part.name] = hashlib.sha256(salted).hexdigest()
            private.append(b'"%s":%s' % (part.key, salted))
        state = shape.state(*shape.pick(values), digests)
        return (
            self._encode(state) + b"\n",
            b"{%s}\n" % b",".join(private) if private else b"",
        )

    def event(self, code: int, state: bytes, private: bytes) -> Any:
        """The event of stored halves, raised to its current type."""
        shape = self._by_code.get(code)
        if shape is None:
            raise NewerProgram(
                f"an entry with the event code {code} was recorded by a newer program; upgrade this"
                " one to read it"
            )
        event = object.__new__(shape.word.shape)
        fields = event.__dict__
        fields.update(_told(shape.decode_state(state)))
        digests = fields.pop("parts")
        fields.update(shape.silent)
        if digests:
            half = shape.decode_private(private) if private else None
            for part in digests:
                told = getattr(half, part) if half is not None else None
                fields.update(shape.redacted[part] if told is None else _told(told))
        if shape.old:
            while hasattr(event, "upcast"):
                event = event.upcast()
        return event

    def kind(self, stored: StoredEntry) -> Kind:
        """What the stream of a stored entry is about."""
        assert stored.code is not None, f"entry {stored.position} is not of this register"
        return self._by_code[stored.code].word.kind

    def stored(self, entry: Entry, salt: Salt) -> StoredEntry:
        """An entry as the store keeps it."""
        state, private = self.halves(entry.event, salt)
        # A frozen dataclass sets its fields one by one, which takes five times as long.
        stored = object.__new__(StoredEntry)
        stored.__dict__.update(
            originator_id=entry.stream,
            originator_version=entry.version,
            topic="",
            state=state,
            code=self._by_type[type(entry.event)].word.code,
            private=private,
            effective_on=day_number(entry.effective_on),
            recorded_at=entry.recorded_at,
            position=entry.position,
            origin=entry.origin,
            origin_seq=entry.origin_seq,
            officer=entry.officer,
            office=entry.office,
            submission=entry.submission,
            origin_at=0,
        )
        return stored

    def entry(self, stored: StoredEntry) -> Entry:
        """The entry that the store kept."""
        assert stored.code is not None, f"entry {stored.position} is not of this register"
        return Entry(
            stored.originator_id,  # type: ignore[arg-type]  # ours are always UUIDs
            stored.originator_version,
            self.event(stored.code, stored.state, stored.private),
            day_of(stored.effective_on),
            stored.position,
            stored.recorded_at,
            stored.officer,
            stored.office,
            stored.submission,
            stored.origin,
            stored.origin_seq,
        )


def blank_fields(event: Any, part: str) -> dict[str, Any]:
    """What the fields of a part of an event say once it is blanked; empty: nothing is there."""
    shape = _shape(VOCABULARY[type(event)])
    blank = shape.redacted.get(part, {})
    told = {name: getattr(event, name) for name in blank}
    return {} if told in (blank, shape.untold.get(part)) else blank


def blanked(private: bytes, part: str) -> tuple[bytes, list[str]]:
    """A private half without a part, and the texts that stood in it; the same if it has none."""
    bodies = _RAW(private) if private else {}
    if part not in bodies or bytes(bodies[part]) == b"null":
        return private, []
    texts = [*_texts(msgspec.json.decode(bodies[part]))]
    bodies[part] = msgspec.Raw(b"null")
    return msgspec.json.encode(bodies) + b"\n", texts


def without(answer: bytes, texts: Collection[str]) -> bytes:
    """An answer in which some texts, wherever they stood alone, are told to be redacted."""
    return canonical(_without(msgspec.json.decode(answer), frozenset(texts)))


def _without(told: Any, texts: frozenset[str]) -> Any:
    match told:
        case dict():
            return {name: _without(one, texts) for name, one in told.items()}
        case list():
            return [_without(one, texts) for one in told]
        case str() if told in texts:
            return REDACTED
    return told


def _texts(told: Any) -> Iterator[str]:
    """Every text of a part, save its salt."""
    match told:
        case dict():
            for name, one in told.items():
                if name != "salt":
                    yield from _texts(one)
        case list():
            for one in told:
                yield from _texts(one)
        case str():
            yield told


def check_parts(state: bytes, private: bytes) -> list[str]:
    """Parts of a private half whose salted digest is not the one that the state half states."""
    told = msgspec.json.decode(state).get("parts", {})
    bodies = _RAW(private) if private else {}
    return [
        part
        for part, body in bodies.items()
        if bytes(body) != b"null" and hashlib.sha256(bytes(body)).hexdigest() != told.get(part)
    ]


def json_schema(word: EventType) -> dict[str, Any]:
    """The JSON Schema of an event type's business fields."""
    struct = _struct(word.name, list(word.fields), [])
    (schema,), components = msgspec.json.schema_components(
        [struct], schema_hook=_schema_of_value, ref_template="#/$defs/{name}"
    )
    return {**schema, "$defs": components}


def _schema_of_value(kind: type[Any]) -> dict[str, Any]:
    title = (kind.__doc__ or kind.__name__).strip().splitlines()[0]
    return {"type": "string", "title": kind.__name__, "description": title}
