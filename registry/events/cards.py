"""What happens to a card body: stock, binding, writing, destruction (卡体).

A body is a ledger under the serial number of its chip. That somebody's card is about to be written
is recorded before the first byte, and what was written after it was read back.
"""

from __future__ import annotations

from datetime import date

from registry.values import (
    AppendFailure,
    ApplicationId,
    ChipSerial,
    Digest,
    OfficeCode,
    PaperNumber,
    SpoilCause,
    Text,
)
from registry.vocabulary import Kind, Private, event


@event(code=200, kind=Kind.CARD, opens=True)
class BlankReceived:
    """A blank came into the stock of a production site (卡体入库).

    chip_serial: any reader shows it without a key, and it tells whose card is in a pocket; so it
    stands in the half that never leaves. lot: of the maker. sheet, place: blanks come eight on a
    sheet, their places counted from 1.
    Source: 居民身份证制作中心（所）建设工作规范.
    """

    effective_on: date
    chip_serial: Private[ChipSerial]
    lot: PaperNumber
    sheet: PaperNumber
    place: int
    site: OfficeCode


@event(code=201, kind=Kind.CARD)
class BlankIssued:
    """A blank was issued to a production line for a work order (卡体领用).

    Source: 居民身份证制作中心（所）建设工作规范.
    """

    effective_on: date
    line: PaperNumber
    work_order: PaperNumber | None


@event(code=202, kind=Kind.CARD)
class BlankReturned:
    """A blank came back from its line into stock, unwritten (卡体退库).

    Source: 居民身份证制作中心（所）建设工作规范.
    """

    effective_on: date


@event(code=203, kind=Kind.CARD)
class BlankTransferred:
    """A blank of the stock was sent to another production site (卡体调拨).

    It stays on the books of the sender, as on its way, until it has arrived.
    Source: Jilin plan of 2004 (吉政办发〔2004〕53号).
    """

    effective_on: date
    destination: OfficeCode


@event(code=204, kind=Kind.CARD)
class BlankSampled:
    """A blank was used up as a sample or for a test (卡体抽检).

    Source: 居民身份证制作中心（所）建设工作规范.
    """

    effective_on: date
    grounds: Private[Text]


@event(code=205, kind=Kind.CARD)
class BlankBound:
    """A blank is for one attempt of one application, from before its first write (绑定).

    image: SHA-256 of all that is to be written. work_order: the one for which it was issued.
    signing_key: under which the image is signed, which is part of it: whoever resumes signs again.
    Source: 居民身份证制作中心（所）建设工作规范.
    """

    effective_on: date
    application: ApplicationId
    attempt: int
    image: Digest
    key_version: int
    work_order: PaperNumber | None = None
    signing_key: PaperNumber | None = None


@event(code=206, kind=Kind.CARD)
class CardPersonalised:
    """A chip was written and read back whole (写入完成).

    recovered: the machine had stopped between the writing and this entry.
    Source: 居民身份证制作中心（所）建设工作规范.
    """

    effective_on: date
    image: Digest
    recovered: bool
    signing_key: PaperNumber | None = None


@event(code=207, kind=Kind.CARD)
class BodySpoiled:
    """A body in hand was found unfit and put into the reject bin (废证).

    bin_at: the office whose bin it is; absent where it is the site's own.
    Source: 居民身份证制作中心（所）建设工作规范.
    """

    effective_on: date
    cause: SpoilCause
    reject_bin: PaperNumber
    grounds: Private[Text | None] = None
    bin_at: OfficeCode | None = None


@event(code=208, kind=Kind.CARD)
class BodyVoidProposed:
    """A body that is not in hand is to be given up; a second officer has to confirm (提请作废).

    cause: how it came away, which tells who answers for it.
    Source: 居民身份证制作中心（所）建设工作规范.
    """

    effective_on: date
    cause: SpoilCause
    grounds: Private[Text]


@event(code=209, kind=Kind.CARD)
class BodyVoided:
    """A second officer confirmed that a body that is not in hand was given up (卡体作废).

    confirms: the version at which the first officer proposed it.
    Source: 居民身份证制作中心（所）建设工作规范.
    """

    effective_on: date
    confirms: int


@event(code=210, kind=Kind.CARD)
class BodyFound:
    """A body that was given up turned up and was put into the reject bin (找回卡体).

    bin_at: the office whose bin it is; absent where it is the site's own.
    Source: 居民身份证制作中心（所）建设工作规范.
    """

    effective_on: date
    reject_bin: PaperNumber
    bin_at: OfficeCode | None = None


@event(code=211, kind=Kind.CARD)
class BodyDestructionProposed:
    """An officer put a body forward for destruction; a second one has to confirm it (提请销毁卡体).

    Source: 居民身份证制作中心（所）建设工作规范.
    """

    effective_on: date
    grounds: Private[Text]


@event(code=212, kind=Kind.CARD)
class BodyDestroyed:
    """A second officer confirmed that a body was destroyed (销毁卡体).

    confirms: the version at which the first officer proposed it. protocol: the record's number.
    Source: 居民身份证制作中心（所）建设工作规范.
    """

    effective_on: date
    confirms: int
    protocol: PaperNumber


@event(code=213, kind=Kind.CARD)
class AddressAppendIntended:
    """A further address is to be written into a chip, from before the first write (申请追加住址).

    slot: 1 to 4. digest: SHA-256 of the bytes that are to stand in it, by which a slot that was
    written before the machine stopped is known again, whatever becomes of the text. key_version:
    of the key that may append. device: the writer's. opened_by: the version of the entry on the
    holder's stream, a move or a change of address, for which it is written.
    Source: 居民身份证法 art. 11; GA/T 490.
    """

    effective_on: date
    slot: int
    digest: Digest
    key_version: int
    device: PaperNumber
    opened_by: int | None
    address: Private[Text]


@event(code=214, kind=Kind.CARD)
class AddressPreWritten:
    """A further address was written into its slot and awaits confirmation (追加预写入).

    Source: GA/T 490; 住址追加操作结果 0.
    """

    effective_on: date
    slot: int
    device: PaperNumber


@event(code=215, kind=Kind.CARD)
class AddressAppended:
    """A further address stands in the chip and was read back (追加住址).

    digest: SHA-256 of the bytes that were read. recovered: the machine had stopped between the
    writing and this entry.
    Source: 居民身份证法 art. 11; 住址追加操作结果 9.
    """

    effective_on: date
    slot: int
    digest: Digest
    device: PaperNumber
    recovered: bool


@event(code=216, kind=Kind.CARD)
class AddressAppendAbandoned:
    """A further address was not written into a chip after all (取消追加住址).

    burnt: something else stands in the slot, so that the next address takes the next one.
    Source: 住址追加操作结果 1, 2, 3.
    """

    effective_on: date
    slot: int
    result: AppendFailure
    burnt: bool
    device: PaperNumber


@event(code=219, kind=Kind.CARD)
class BlankArrived:
    """A blank that was on its way came into the stock of a site (卡体调拨入库).

    site: the one it was sent to, or the one that had sent it, where it came back.
    Source: Jilin plan of 2004 (吉政办发〔2004〕53号).
    """

    effective_on: date
    site: OfficeCode


CardEvent = (
    BlankReceived
    | BlankIssued
    | BlankReturned
    | BlankTransferred
    | BlankSampled
    | BlankBound
    | CardPersonalised
    | BodySpoiled
    | BodyVoidProposed
    | BodyVoided
    | BodyFound
    | BodyDestructionProposed
    | BodyDestroyed
    | AddressAppendIntended
    | AddressPreWritten
    | AddressAppended
    | AddressAppendAbandoned
    | BlankArrived
)
