"""Proof files: whole ones hold, broken ones are refused with the entry and the reason."""

from __future__ import annotations

import hashlib
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.proving import Proof, leaf_of, prove, read_proof, verify
from adapters.tiles import tile_path
from replay.proof.merkle import BrokenProof
from replay.proof.notes import SigningKey
from tests.adapters.published import NAMES, Log, Press, made

PART = b'{"salt":"00112233445566778899aabbccddeeff","name":"\xe7\x8e\x8b\xe4\xb8\x80"}'
PRIVATE = b'{"subject":%s,"declarant":{"salt":"00","declarant":"0"}}\n' % PART


@pytest.fixture(scope="module")
def press(tmp_path_factory):
    """A published log in which one stream has private parts."""
    log = Log(700)
    digest = hashlib.sha256(PART).hexdigest().encode()
    for position in (6, 7):
        log.change(position, b'{"effective_on":"2007-06-01","parts":{"subject":"%s"}}\n' % digest)
        vars(log.entries[position - 1])["private"] = PRIVATE
    vars(log.entries[7])["private"] = b'{"subject":null}\n'
    found = Press(tmp_path_factory.mktemp("published") / "tiles", log)
    found.publish()
    return found


def proof_of(press, first=6, count=5, private=True) -> Proof:
    """The proof of a stream's entries, by position."""
    entries = press.log.entries[first - 1 : first - 1 + count]
    note = press.folder.checkpoint()
    read = press.folder.reader(len(press.log.entries))
    return prove(entries, NAMES, note, press.signer.public, read, private=private)


@pytest.fixture(scope="module")
def file(press):
    """A proof file as it is written."""
    return proof_of(press).render().encode()


def flaws(press, file: bytes) -> list[tuple[str, str]]:
    """What is wrong with a file, in whatever way it is said."""
    try:
        return [(one.where, one.message) for one in verify(file, press.signer.public).flaws]
    except BrokenProof as error:
        return [("file", str(error))]


def changed(file: bytes, **fields) -> bytes:
    """A file whose second entry says something else."""
    body = json.loads(file)
    body["entries"][1].update(fields)
    return json.dumps(body, ensure_ascii=False).encode()


def test_a_proof_holds_and_reads_back_as_it_was_written(press, file):
    verdict = verify(file, press.signer.public)
    assert verdict.flaws == ()
    assert verdict.checkpoint.size == 700
    assert verdict.proof == read_proof(file) == proof_of(press)
    assert [one.version for one in verdict.proof.entries] == [1, 2, 3, 4, 5]
    assert [sorted(one.private) for one in verdict.proof.entries] == [
        *(["subject"], ["subject"], [], [], [])
    ]


def test_a_leaf_is_the_six_lines_that_are_documented(press):
    for entry, leaf in zip(press.log.entries[:20], press.log.leaves(), strict=False):
        assert leaf_of(NAMES[entry.origin], entry) == leaf


def test_nothing_private_is_in_a_proof_unless_it_is_asked_for(press):
    bare = proof_of(press, private=False).render()
    assert "王一" not in bare
    assert "private" not in bare
    full = proof_of(press).render()
    assert "王一" in full
    assert "declarant" not in full  # what speaks of somebody else stays where it is


def test_a_flipped_bit_anywhere_in_a_proof_file_is_refused(press):
    file = proof_of(press, count=2).render().encode()
    assert flaws(press, file) == []
    passed = []
    for bit in range(len(file) * 8):
        broken = bytearray(file)
        broken[bit // 8] ^= 1 << bit % 8
        if not flaws(press, bytes(broken)):
            passed.append((bit // 8, bytes(broken[bit // 8 - 20 : bit // 8 + 20])))
    assert passed == []


@given(st.data())
@settings(deadline=None, max_examples=40)
def test_every_stream_is_proven_under_every_checkpoint_that_covers_it(tmp_path_factory, data):
    size = data.draw(st.integers(1, 600))
    log = Log(size)
    press = Press(tmp_path_factory.mktemp("any") / "tiles", log)
    press.publish(data.draw(st.integers(1, size)))
    press.publish()
    first = data.draw(st.integers(0, (size - 1) // 5)) * 5 + 1
    count = min(5, size - first + 1)
    file = proof_of(press, first, count).render().encode()
    assert flaws(press, file) == []
    told = [place for place, byte in enumerate(file) if byte not in b" \n"]  # blanks say nothing
    position = data.draw(st.sampled_from(told))
    other = data.draw(st.integers(0, 255).filter(lambda byte: byte != file[position]))
    assert flaws(press, file[:position] + bytes([other]) + file[position + 1 :])
    assert flaws(press, file[:position])


def test_which_entry_is_broken_is_told_and_why(press, file):
    state = json.loads(file)["entries"][1]["state"]
    for fields, words in (
        ({"state": state.replace("2007", "2008")}, "another root"),
        ({"recorded_at": 1}, "another root"),
        ({"code": 4}, "another root"),
        ({"origin": "somewhere"}, "another root"),
        ({"path": []}, "too short"),
        ({"index": 700}, "no leaf 700 in a tree of 700"),
        ({"private": {"subject": PART.decode().replace("王", "黄")}}, "private part 'subject'"),
        ({"private": {"mother": PART.decode()}}, "private part 'mother'"),
    ):
        found = flaws(press, changed(file, **fields))
        assert len(found) == 1 + ("index" in fields), fields  # the next one is out of order then
        where, message = found[0]
        assert where.startswith("version 2 (leaf")
        assert words in message


def test_an_entry_left_out_or_put_in_elsewhere_is_noticed(press, file):
    body = json.loads(file)
    one, two, *rest = body["entries"]
    for entries, words in (
        ([one, *rest], "version 2 should stand here"),
        ([two, *rest], "version 1 should stand here"),
        ([two, one, *rest], "version 1 should stand here"),
        ([one, one, *rest], "version 2 should stand here"),
        ([], "there are none"),
    ):
        told = flaws(press, json.dumps({**body, "entries": entries}).encode())
        assert words in told[0][1]
    fewer = json.dumps({**body, "entries": [one, two]}).encode()
    assert flaws(press, fewer) == []  # that there are later ones, no proof can show


def test_a_proof_is_about_one_stream(press, file):
    body = json.loads(file)
    stranger = json.loads(proof_of(press, first=11).render())
    mixed = {**body, "entries": [body["entries"][0], stranger["entries"][1]]}
    assert "another root" in flaws(press, json.dumps(mixed).encode())[0][1]
    moved = {**body, "stream": stranger["stream"]}
    assert len(flaws(press, json.dumps(moved).encode())) == 5


def test_a_proof_signed_by_somebody_else_is_not_believed(press, file, tmp_path):
    stranger = SigningKey("register", bytes(32)).public
    with pytest.raises(BrokenProof, match="the checkpoint: it is not signed by register"):
        verify(file, [stranger])
    other = Press(tmp_path / "tiles", Log(700, seed="forged"))
    other.publish()
    forged = proof_of(other).render().encode()
    assert flaws(other, forged) == []
    assert "not signed by" in flaws(press, forged)[0][1]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda body: [], "other fields"),
        (lambda body: {**body, "more": 1}, "other fields"),
        (lambda body: {**body, "format": "registry-proof@v2"}, "format"),
        (lambda body: {**body, "stream": body["stream"].upper().replace("-", "")}, "identifier"),
        (lambda body: {**body, "entries": [[]]}, "entry 1"),
        (lambda body: {**body, "entries": {}}, "kind list"),
        (lambda body: {**body, "checkpoint": None}, "kind str"),
        (lambda body: {**body, "key": "register+00000000"}, "not signed by register"),
    ],
)
def test_a_file_of_another_form_says_what_is_wrong(press, file, change, words):
    body = change(json.loads(file))
    assert words in flaws(press, json.dumps(body).encode())[0][1]


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"version": 1.0}, "version of entry 2"),
        ({"version": True}, "version of entry 2"),
        ({"path": ["AAA"]}, "path of entry 2"),
        ({"path": [1]}, "path of entry 2"),
        ({"private": []}, "private of entry 2"),
        ({"private": {"subject": 1}}, "private of entry 2"),
        ({"origin": "a\nb"}, "origin of entry 2"),
        ({"state": "\ud800"}, "no proof file"),
    ],
)
def test_an_entry_of_another_form_says_what_is_wrong(press, file, fields, words):
    body = json.loads(file)
    body["entries"][1].update(fields)
    assert words in flaws(press, json.dumps(body).encode())[0][1]


def test_what_is_no_json_or_ambiguous_is_refused(press, file):
    twice = file.replace(b'"version": 2,', b'"version": 2, "version": 2,')
    assert "twice" in flaws(press, twice)[0][1]
    for content in (b"", b"\xff", b"{", b"[" * 100_000, file[:-3], b"null"):
        assert flaws(press, content)


def test_a_file_may_be_laid_out_anew(press, file):
    assert flaws(press, json.dumps(json.loads(file)).encode()) == []


def test_tiles_that_are_damaged_give_no_proof(tmp_path):
    press = Press(tmp_path / "tiles", Log(700))
    press.publish()
    tile = press.folder.folder / tile_path(0, 0)
    tile.write_bytes(bytes(len(tile.read_bytes())))
    with pytest.raises(BrokenProof, match="leaf 5: "):
        proof_of(press)
    vars(press.log.entries[600])["state"] = made("other", 601).state
    with pytest.raises(BrokenProof, match="leaf 600: "):
        proof_of(press, first=601)
