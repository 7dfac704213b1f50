"""What shows somebody: kept encrypted by its digest, given out to who says why, forgotten whole."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterator
from threading import Thread
from uuid import UUID, uuid4

import pytest
from sqlalchemy import insert, select, update

from adapters.database import writing
from adapters.media import Media, media, media_keys, new_node_key, open_node_keys
from adapters.querylog import QueryLog, Question, about
from registry.errors import NotFound, Unavailable
from registry.values import Digest, MediaType

WANG, LI = UUID(int=1), UUID(int=2)
PHOTO = b"\xff\xd8" + bytes(range(256)) * 50
ASKED = Question(
    officer="李警官",
    office="510603001001",
    terminal="10.0.0.1",
    purpose="identity-card",
    question="photograph",
)


@pytest.fixture
def key_file(tmp_path):
    path = tmp_path / "media.key"
    new_node_key(path)
    return path


@pytest.fixture
def kept(engine, key_file) -> Media:
    return Media(engine, open_node_keys(key_file))


@pytest.fixture
def log(database_url: str) -> Iterator[QueryLog]:
    opened = QueryLog(database_url, b"secret", lambda: 1_180_659_600_000_000, durability="off")
    yield opened
    opened.close()


def test_what_was_kept_is_given_out_and_the_log_says_to_whom(kept, log):
    digest, small = kept.keep(WANG, (PHOTO, MediaType.JPEG), (b"small", MediaType.WEBP))
    assert digest == hashlib.sha256(PHOTO).hexdigest()
    assert kept.read(WANG, [digest], log, ASKED) == (PHOTO,)
    assert kept.digests(WANG) == {digest: MediaType.JPEG, small: MediaType.WEBP}
    (line,) = log.read(about(subject=WANG))
    told = (line["officer"], line["purpose"], line["question"], line["outcome"], line["rows"])
    assert told == ("李警官", "identity-card", "photograph", "answered", 1)
    assert log.verify() is None


def test_a_new_key_of_the_node_takes_the_place_of_the_old_one(kept, engine, key_file, log):
    """Keys of persons are wrapped anew, and what is kept opens without the old key of the node."""
    digests = {one: kept.keep(one, (PHOTO, MediaType.JPEG))[0] for one in (WANG, LI)}
    old = key_file.read_text()
    new_node_key(key_file)
    later = Media(engine, open_node_keys(key_file))
    assert (later.wrap_anew(), later.wrap_anew()) == (2, 0)
    (new,) = set(key_file.read_text().splitlines()) - set(old.splitlines())
    key_file.write_text(new + "\n")
    newest = Media(engine, open_node_keys(key_file))
    assert {one: newest.read(one, [digests[one]], log, ASKED) for one in (WANG, LI)} == {
        WANG: (PHOTO,),
        LI: (PHOTO,),
    }
    with pytest.raises(Unavailable):
        kept.read(WANG, [digests[WANG]], log, ASKED)


def test_nothing_is_given_out_without_a_line_in_the_log(kept, log):
    (digest,) = kept.keep(WANG, (PHOTO, MediaType.JPEG))
    log.close()
    with pytest.raises(Unavailable):
        kept.read(WANG, [digest], log, ASKED)


@pytest.mark.parametrize("whose", [WANG, LI])
def test_what_is_not_there_is_asked_for_in_the_log_too(kept, log, whose):
    kept.keep(WANG, (PHOTO, MediaType.JPEG))
    with pytest.raises(NotFound):
        kept.read(whose, [Digest("00" * 32)], log, ASKED)
    (line,) = log.read(about(subject=whose))
    assert (line["outcome"], line["rows"]) == ("nothing", 0)


def test_the_photograph_of_one_is_not_found_under_another(kept, log):
    (digest,) = kept.keep(WANG, (PHOTO, MediaType.JPEG))
    with pytest.raises(NotFound):
        kept.read(LI, [digest], log, ASKED)


def test_the_same_bytes_are_kept_once_for_each_whom_they_show(kept, engine):
    first = kept.keep(WANG, (PHOTO, MediaType.JPEG))
    assert kept.keep(WANG, (PHOTO, MediaType.JPEG), (PHOTO, MediaType.JPEG)) == first * 2
    kept.keep(LI, (PHOTO, MediaType.JPEG))
    with engine.connect() as connection:
        sealed = [bytes(row.sealed) for row in connection.execute(select(media))]
    assert len(sealed) == 2
    assert len(set(sealed)) == 2


def test_the_database_shows_nobody(kept, engine, key_file, caplog):
    caplog.set_level(logging.DEBUG)
    kept.keep(WANG, (PHOTO, MediaType.JPEG))
    with engine.connect() as connection:
        rows = [*connection.execute(select(media)), *connection.execute(select(media_keys))]
    held = b"".join(bytes(value) for row in rows for value in row if isinstance(value, bytes))
    assert PHOTO[2:34] not in held
    secret = open_node_keys(key_file).keys[1]
    assert secret not in held
    assert secret.hex() not in repr(kept._keys) + caplog.text
    assert PHOTO.hex()[:64] not in caplog.text


def test_forgetting_leaves_nothing_and_another_photograph_can_be_kept(kept, log, engine):
    (digest,) = kept.keep(WANG, (PHOTO, MediaType.JPEG))
    kept.keep(LI, (PHOTO, MediaType.JPEG))
    assert kept.forget(WANG) == 1
    assert kept.forget(WANG) == 0
    with pytest.raises(NotFound):
        kept.read(WANG, [digest], log, ASKED)
    assert kept.read(LI, [digest], log, ASKED) == (PHOTO,)
    kept.keep(WANG, (PHOTO, MediaType.JPEG))
    assert kept.read(WANG, [digest], log, ASKED) == (PHOTO,)


def test_rows_brought_back_without_their_key_stay_closed(kept, log, engine):
    (digest,) = kept.keep(WANG, (PHOTO, MediaType.JPEG))
    with engine.connect() as connection:
        row = dict(connection.execute(select(media)).mappings().one())
    kept.forget(WANG)
    with writing(engine) as connection:
        connection.execute(insert(media), row)
    with pytest.raises(NotFound):
        kept.read(WANG, [digest], log, ASKED)
    kept.keep(WANG, (b"another", MediaType.JPEG))
    with pytest.raises(Unavailable, match="does not fit its key"):
        kept.read(WANG, [digest], log, ASKED)


def test_a_row_that_was_changed_or_put_in_anothers_place_is_not_given_out(kept, log, engine):
    first, second = kept.keep(WANG, (PHOTO, MediaType.JPEG), (b"other", MediaType.JPEG))
    with writing(engine) as connection:
        query = select(media.c.sealed).where(media.c.digest == bytes.fromhex(second))
        sealed = connection.execute(query).scalar_one()
        here = media.c.digest == bytes.fromhex(first)
        connection.execute(update(media).where(here).values(sealed=sealed))
    with pytest.raises(Unavailable, match="changed"):
        kept.read(WANG, [first], log, ASKED)


def test_a_new_key_of_the_node_opens_what_the_old_one_wrapped(kept, log, engine, key_file):
    (digest,) = kept.keep(WANG, (PHOTO, MediaType.JPEG))
    assert new_node_key(key_file) == 2
    later = Media(engine, open_node_keys(key_file))
    (other,) = later.keep(LI, (PHOTO, MediaType.JPEG))
    assert later.read(WANG, [digest], log, ASKED) == (PHOTO,)
    assert later.read(LI, [other], log, ASKED) == (PHOTO,)
    with pytest.raises(Unavailable, match="version 2"):
        kept.read(LI, [other], log, ASKED)


def test_threads_that_keep_at_once_give_a_person_one_key(kept, log, engine):
    people = [uuid4() for _ in range(3)]
    contents = [f"photograph {number}".encode() for number in range(8)]

    def keep(content: bytes) -> None:
        for person in people:
            kept.keep(person, (content, MediaType.JPEG))

    threads = [Thread(target=keep, args=(content,)) for content in contents]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for person in people:
        for content in contents:
            digest = Digest(hashlib.sha256(content).hexdigest())
            assert kept.read(person, [digest], log, ASKED) == (content,)


def test_a_file_that_is_no_key_is_refused(tmp_path):
    path = tmp_path / "media.key"
    with pytest.raises(Unavailable, match="registry key photos"):
        open_node_keys(path)
    path.write_text("1 00FF\n")
    path.chmod(0o600)
    with pytest.raises(Unavailable, match="32 bytes"):
        open_node_keys(path)


def test_the_tables_are_made_once_and_who_looks_at_a_photograph_takes_no_lock(
    kept, engine, key_file
):
    (digest,) = kept.keep(WANG, (PHOTO, MediaType.JPEG))
    with writing(engine):  # somebody else writes
        later = Media(engine, open_node_keys(key_file))
        assert later.opened(WANG, digest) == (PHOTO, MediaType.JPEG)
