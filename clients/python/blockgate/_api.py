"""The methods of the API and the objects in them. Made from schemas/ by generate: do not edit."""

from __future__ import annotations

import enum
from typing import Any, Callable, Dict, List, Literal, Optional, TypedDict, Union, cast

API_VERSION = '1.0.0'


class Unset(enum.Enum):
    """The parameter is not sent, where None would be sent as null."""

    UNSET = "unset"


UNSET = Unset.UNSET

Call = Callable[[str, Dict[str, Any]], Any]
Params = Dict[str, Any]


class AclListResult(TypedDict):
    acls: List[AclState]
    # Revision of the configuration; grows by one with every change
    revision: int


class AclStateRequired(TypedDict):
    # iSCSI name (RFC 7143): iqn., eui. or naa. form
    target: str
    # An initiator's iSCSI name; or a pattern, in which * stands for any number of characters and ? for
    # one; or * for any
    initiator: str


class AclState(AclStateRequired, total=False):
    # The entry applies to initiators in these networks only, given as CIDR: 192.0.2.0/24 or
    # 2001:db8::/32; one address is 192.0.2.7/32 or 2001:db8::7/128. IPv4 networks have IPv4 initiators,
    # also where the portal is IPv6; IPv6 networks have the others. Absent: anywhere
    networks: List[str]
    # LUNs this initiator sees, of those that the target has; all, as the target has them, where absent;
    # none where empty
    luns: List[AclLun]
    # What an initiator must prove by CHAP (RFC 7143 section 12.1.3); null: nothing. Sessions that are
    # open stay open when it changes
    auth: ChapCredentials


class AclLunRequired(TypedDict):
    # Logical unit number
    lun: int


class AclLun(AclLunRequired, total=False):
    """A LUN that an ACL entry shows."""

    # The number under which the initiator sees it; the target's where absent
    seen_as: int
    # This initiator may not write. A LUN that is read-only for all stays so
    read_only: bool


class ChapCredentialsRequired(TypedDict):
    # Name the initiator gives (CHAP_N)
    user: str


class ChapCredentials(ChapCredentialsRequired, total=False):
    """
    What an initiator must prove by CHAP (RFC 7143 section 12.1.3); null: nothing. Sessions that are open
    stay open when it changes.
    """

    # At least 12 characters and at most 255 bytes, taken as they are. Not read back; where it is absent,
    # the one that is stored for this user stays
    secret: str
    # A secret is stored. Ignored when sent, so that what was read may be sent back
    secret_set: bool
    # Name the target gives to an initiator that wants the target to prove itself, too; absent: such
    # initiators are refused
    mutual_user: str
    # As secret, of the target; never the same as secret
    mutual_secret: str
    # As secret_set
    mutual_secret_set: bool
    # Those that are allowed. Of what the initiator offers, its first that is allowed is taken; md5 only
    # where libcrypto has it, which FIPS rules forbid
    algorithms: List[Literal['md5', 'sha1', 'sha256', 'sha3-256']]


class AclCreateResultRequired(TypedDict):
    changed: bool
    # Revision of the configuration; grows by one with every change
    revision: int
    changes: List[Change]


class AclCreateResult(AclCreateResultRequired, total=False):
    # True in the answer to a dry run
    dry_run: bool
    acl: AclSpec


class ChangeRequired(TypedDict):
    op: Literal['add', 'remove', 'replace']
    # JSON Pointer into the configuration document
    path: str


class Change(ChangeRequired, total=False):
    """One difference between the configuration before and after."""

    before: Any
    after: Any
    # True where sessions will be closed or a LUN go away
    disruptive: bool


class AclSpecRequired(TypedDict):
    # An initiator's iSCSI name; or a pattern, in which * stands for any number of characters and ? for
    # one; or * for any
    initiator: str


class AclSpec(AclSpecRequired, total=False):
    # The entry applies to initiators in these networks only, given as CIDR: 192.0.2.0/24 or
    # 2001:db8::/32; one address is 192.0.2.7/32 or 2001:db8::7/128. IPv4 networks have IPv4 initiators,
    # also where the portal is IPv6; IPv6 networks have the others. Absent: anywhere
    networks: List[str]
    # LUNs this initiator sees, of those that the target has; all, as the target has them, where absent;
    # none where empty
    luns: List[AclLun]
    # What an initiator must prove by CHAP (RFC 7143 section 12.1.3); null: nothing. Sessions that are
    # open stay open when it changes
    auth: ChapCredentials


class AclUpdateResultRequired(TypedDict):
    changed: bool
    # Revision of the configuration; grows by one with every change
    revision: int
    changes: List[Change]


class AclUpdateResult(AclUpdateResultRequired, total=False):
    # True in the answer to a dry run
    dry_run: bool
    acl: AclSpec


class AclDeleteResultRequired(TypedDict):
    changed: bool
    # Revision of the configuration; grows by one with every change
    revision: int
    changes: List[Change]


class AclDeleteResult(AclDeleteResultRequired, total=False):
    # True in the answer to a dry run
    dry_run: bool


class BackstoreTypesResult(TypedDict):
    types: List[BackstoreTypesResultTypesItem]


class BackstoreTypesResultTypesItemRequired(TypedDict):
    type: str
    description: str
    available: bool
    # JSON Schema of its configuration
    schema: Dict[str, Any]


class BackstoreTypesResultTypesItem(BackstoreTypesResultTypesItemRequired, total=False):
    # Why it is not available
    reason: str


class BackstoreListResult(TypedDict):
    backstores: List[BackstoreState]
    # Revision of the configuration; grows by one with every change
    revision: int


class BackstoreStateRequired(TypedDict):
    # Object name
    name: str
    type: Literal['aio', 'io_uring', 'rdwr', 'ram', 'null']
    # error: it could not be opened, and its LUNs are not ready
    state: Literal['online', 'error']
    # A number of bytes
    size: int
    block_size: int
    read_only: bool
    used_by: List[BackstoreStateUsedByItem]
    # The other members of its configuration, defaults included
    options: Dict[str, Any]


class BackstoreState(BackstoreStateRequired, total=False):
    # Why it could not be opened
    error: str
    serial: str
    naa: str
    # Of a removable disk: what initiators did with it last
    medium: Literal['loaded', 'ejected']
    # As they are now: initiators may have changed them by MODE SELECT
    modes: BackstoreStateModes


class BackstoreStateModes(TypedDict):
    """As they are now: initiators may have changed them by MODE SELECT."""

    write_cache: bool
    software_write_protect: bool
    d_sense: bool
    tas: bool


class BackstoreStateUsedByItem(TypedDict):
    # iSCSI name (RFC 7143): iqn., eui. or naa. form
    target: str
    # Logical unit number
    lun: int


class BackstoreAioRequired(TypedDict):
    # Object name
    name: str
    type: Literal['aio']
    # Regular file or block device
    path: str


class BackstoreAio(BackstoreAioRequired, total=False):
    # Bytes, a multiple of block_size; where absent, the size found
    size: int
    # Bytes of a logical block, by which initiators count
    block_size: Literal[512, 4096]
    # Nobody may write
    read_only: bool
    # Unit serial number (VPD 80h); made up once and kept where absent
    serial: str
    # NAA identifier (VPD 83h), 16 or 32 hex digits; made up once and kept where absent
    naa: str
    # T10 vendor identification
    vendor_id: str
    # Product identification
    product_id: str
    # Product revision level
    product_revision: str
    # Report and use a volatile write cache
    write_cache: bool
    # Accept UNMAP and WRITE SAME with UNMAP
    unmap: bool
    # The medium can be ejected and loaded
    removable: bool
    # Tell initiators by TASK ABORTED that others have aborted their commands
    tas: bool
    # Sense data in descriptor format
    d_sense: bool
    # 0: as the store tells; 1: does not rotate (SSD); else revolutions a minute
    rotation_rate: Union[Literal[0, 1], int]
    # Bytes; where absent, as the store tells. 4096 over blocks of 512: 512e
    physical_block_size: Literal[512, 1024, 2048, 4096, 8192, 16384, 32768, 65536]
    # Bytes: initiators of a thin disk are told when less is left to it, as they are when nothing is; 0:
    # only then
    space_threshold: int
    # Commands that each session may have at this disk; more: TASK SET FULL
    queue_depth: int
    # Make the file where it is missing (needs size)
    create: bool
    # Accept WRITE ATOMIC: whatever is below never tears a write of up to 8 MiB, power lost or not
    atomic_writes: bool
    # How a file that is made gets its space
    preallocate: Literal['off', 'falloc', 'full']
    # O_DIRECT
    direct: bool


class BackstoreIoUringRequired(TypedDict):
    # Object name
    name: str
    type: Literal['io_uring']
    # Regular file or block device
    path: str


class BackstoreIoUring(BackstoreIoUringRequired, total=False):
    # Bytes, a multiple of block_size; where absent, the size found
    size: int
    # Bytes of a logical block, by which initiators count
    block_size: Literal[512, 4096]
    # Nobody may write
    read_only: bool
    # Unit serial number (VPD 80h); made up once and kept where absent
    serial: str
    # NAA identifier (VPD 83h), 16 or 32 hex digits; made up once and kept where absent
    naa: str
    # T10 vendor identification
    vendor_id: str
    # Product identification
    product_id: str
    # Product revision level
    product_revision: str
    # Report and use a volatile write cache
    write_cache: bool
    # Accept UNMAP and WRITE SAME with UNMAP
    unmap: bool
    # The medium can be ejected and loaded
    removable: bool
    # Tell initiators by TASK ABORTED that others have aborted their commands
    tas: bool
    # Sense data in descriptor format
    d_sense: bool
    # 0: as the store tells; 1: does not rotate (SSD); else revolutions a minute
    rotation_rate: Union[Literal[0, 1], int]
    # Bytes; where absent, as the store tells. 4096 over blocks of 512: 512e
    physical_block_size: Literal[512, 1024, 2048, 4096, 8192, 16384, 32768, 65536]
    # Bytes: initiators of a thin disk are told when less is left to it, as they are when nothing is; 0:
    # only then
    space_threshold: int
    # Commands that each session may have at this disk; more: TASK SET FULL
    queue_depth: int
    # Make the file where it is missing (needs size)
    create: bool
    # Accept WRITE ATOMIC: whatever is below never tears a write of up to 8 MiB, power lost or not
    atomic_writes: bool
    # How a file that is made gets its space
    preallocate: Literal['off', 'falloc', 'full']
    # O_DIRECT
    direct: bool


class BackstoreRdwrRequired(TypedDict):
    # Object name
    name: str
    type: Literal['rdwr']
    # Regular file or block device
    path: str


class BackstoreRdwr(BackstoreRdwrRequired, total=False):
    # Bytes, a multiple of block_size; where absent, the size found
    size: int
    # Bytes of a logical block, by which initiators count
    block_size: Literal[512, 4096]
    # Nobody may write
    read_only: bool
    # Unit serial number (VPD 80h); made up once and kept where absent
    serial: str
    # NAA identifier (VPD 83h), 16 or 32 hex digits; made up once and kept where absent
    naa: str
    # T10 vendor identification
    vendor_id: str
    # Product identification
    product_id: str
    # Product revision level
    product_revision: str
    # Report and use a volatile write cache
    write_cache: bool
    # Accept UNMAP and WRITE SAME with UNMAP
    unmap: bool
    # The medium can be ejected and loaded
    removable: bool
    # Tell initiators by TASK ABORTED that others have aborted their commands
    tas: bool
    # Sense data in descriptor format
    d_sense: bool
    # 0: as the store tells; 1: does not rotate (SSD); else revolutions a minute
    rotation_rate: Union[Literal[0, 1], int]
    # Bytes; where absent, as the store tells. 4096 over blocks of 512: 512e
    physical_block_size: Literal[512, 1024, 2048, 4096, 8192, 16384, 32768, 65536]
    # Bytes: initiators of a thin disk are told when less is left to it, as they are when nothing is; 0:
    # only then
    space_threshold: int
    # Commands that each session may have at this disk; more: TASK SET FULL
    queue_depth: int
    # Make the file where it is missing (needs size)
    create: bool
    # Accept WRITE ATOMIC: whatever is below never tears a write of up to 8 MiB, power lost or not
    atomic_writes: bool
    # How a file that is made gets its space
    preallocate: Literal['off', 'falloc', 'full']
    # Every write is stable when it completes (O_SYNC)
    sync: bool
    # O_DIRECT
    direct: bool


class BackstoreRamRequired(TypedDict):
    # Object name
    name: str
    type: Literal['ram']
    # Bytes, a multiple of block_size; where absent, the size found
    size: int


class BackstoreRam(BackstoreRamRequired, total=False):
    # Bytes of a logical block, by which initiators count
    block_size: Literal[512, 4096]
    # Nobody may write
    read_only: bool
    # Unit serial number (VPD 80h); made up once and kept where absent
    serial: str
    # NAA identifier (VPD 83h), 16 or 32 hex digits; made up once and kept where absent
    naa: str
    # T10 vendor identification
    vendor_id: str
    # Product identification
    product_id: str
    # Product revision level
    product_revision: str
    # Report and use a volatile write cache
    write_cache: bool
    # Accept UNMAP and WRITE SAME with UNMAP
    unmap: bool
    # The medium can be ejected and loaded
    removable: bool
    # Tell initiators by TASK ABORTED that others have aborted their commands
    tas: bool
    # Sense data in descriptor format
    d_sense: bool
    # 0: as the store tells; 1: does not rotate (SSD); else revolutions a minute
    rotation_rate: Union[Literal[0, 1], int]
    # Bytes; where absent, as the store tells. 4096 over blocks of 512: 512e
    physical_block_size: Literal[512, 1024, 2048, 4096, 8192, 16384, 32768, 65536]
    # Bytes: initiators of a thin disk are told when less is left to it, as they are when nothing is; 0:
    # only then
    space_threshold: int
    # Commands that each session may have at this disk; more: TASK SET FULL
    queue_depth: int


class BackstoreNullRequired(TypedDict):
    # Object name
    name: str
    type: Literal['null']
    # Bytes, a multiple of block_size; where absent, the size found
    size: int


class BackstoreNull(BackstoreNullRequired, total=False):
    # Bytes of a logical block, by which initiators count
    block_size: Literal[512, 4096]
    # Nobody may write
    read_only: bool
    # Unit serial number (VPD 80h); made up once and kept where absent
    serial: str
    # NAA identifier (VPD 83h), 16 or 32 hex digits; made up once and kept where absent
    naa: str
    # T10 vendor identification
    vendor_id: str
    # Product identification
    product_id: str
    # Product revision level
    product_revision: str
    # Report and use a volatile write cache
    write_cache: bool
    # Accept UNMAP and WRITE SAME with UNMAP
    unmap: bool
    # The medium can be ejected and loaded
    removable: bool
    # Tell initiators by TASK ABORTED that others have aborted their commands
    tas: bool
    # Sense data in descriptor format
    d_sense: bool
    # 0: as the store tells; 1: does not rotate (SSD); else revolutions a minute
    rotation_rate: Union[Literal[0, 1], int]
    # Bytes; where absent, as the store tells. 4096 over blocks of 512: 512e
    physical_block_size: Literal[512, 1024, 2048, 4096, 8192, 16384, 32768, 65536]
    # Bytes: initiators of a thin disk are told when less is left to it, as they are when nothing is; 0:
    # only then
    space_threshold: int
    # Commands that each session may have at this disk; more: TASK SET FULL
    queue_depth: int


class BackstoreCreateResultRequired(TypedDict):
    changed: bool
    # Revision of the configuration; grows by one with every change
    revision: int
    changes: List[Change]


class BackstoreCreateResult(BackstoreCreateResultRequired, total=False):
    # True in the answer to a dry run
    dry_run: bool
    # Only where the change takes longer than wait_ms: nothing has changed yet; job.wait waits for it
    job: Any
    backstore: BackstoreState


class BackstoreUpdateResultRequired(TypedDict):
    changed: bool
    # Revision of the configuration; grows by one with every change
    revision: int
    changes: List[Change]


class BackstoreUpdateResult(BackstoreUpdateResultRequired, total=False):
    # True in the answer to a dry run
    dry_run: bool
    backstore: BackstoreState


class BackstoreResizeResultRequired(TypedDict):
    changed: bool
    # Revision of the configuration; grows by one with every change
    revision: int
    changes: List[Change]


class BackstoreResizeResult(BackstoreResizeResultRequired, total=False):
    # True in the answer to a dry run
    dry_run: bool
    # Only where the change takes longer than wait_ms: nothing has changed yet; job.wait waits for it
    job: Any
    backstore: BackstoreState


class BackstoreDeleteResultRequired(TypedDict):
    changed: bool
    # Revision of the configuration; grows by one with every change
    revision: int
    changes: List[Change]


class BackstoreDeleteResult(BackstoreDeleteResultRequired, total=False):
    # True in the answer to a dry run
    dry_run: bool
    # Only where the change takes longer than wait_ms: nothing has changed yet; job.wait waits for it
    job: Any


class ConfigGetResult(TypedDict):
    # Revision of the configuration; grows by one with every change
    revision: int
    # The configuration: maps by name, so that a merge patch can name everything
    config: Config


class Config(TypedDict, total=False):
    """The configuration: maps by name, so that a merge patch can name everything."""

    version: Literal[1]
    # Where initiators connect, by portal group tag
    portal_groups: Dict[str, PortalGroupConfig]
    # Where the bytes are, by name
    backstores: Dict[str, BackstoreConfig]
    # What initiators log in to, by iSCSI name
    targets: Dict[str, TargetConfig]
    # Discovery sessions, which tell initiators the targets
    discovery: DiscoveryConfig


class PortalGroupConfigRequired(TypedDict):
    # Where to listen for initiators
    portals: List[Portal]


class PortalGroupConfig(PortalGroupConfigRequired, total=False):
    """A portal group in the configuration, under its tag."""

    # Asymmetric access state (ALUA, SPC-4 5.15.2) of a portal group, for every disk: optimized and
    # non_optimized work, multipathing prefers the former; through standby and unavailable a disk answers
    # NOT READY, and can be asked only who it is; transitioning is for the time of a failover. An
    # initiator can say something else for one disk by SET TARGET PORT GROUPS; a change here takes that
    # back
    alua_state: Literal['optimized', 'non_optimized', 'standby', 'unavailable', 'transitioning']
    # Tell initiators to prefer it (PREF)
    preferred: bool
    # Normal logins are answered by 'target moved', with this address, once the ACL has let the initiator
    # in and before it has to prove who it is. Sessions that are open stay. A target's own redirect counts
    # before that of its portal group. Who has come to this very address, on a portal that listens on all
    # of them, is let in
    redirect: Redirect


class PortalRequired(TypedDict):
    # IPv4 or IPv6 address to listen on; 0.0.0.0 or :: for all
    address: str


class Portal(PortalRequired, total=False):
    # TCP port to listen on
    port: int
    # State: the socket is open
    listening: bool


class RedirectRequired(TypedDict):
    # Where to go: a host name, or an IPv4 or IPv6 address
    address: str


class Redirect(RedirectRequired, total=False):
    """
    Normal logins are answered by 'target moved', with this address, once the ACL has let the initiator in
    and before it has to prove who it is. Sessions that are open stay. A target's own redirect counts
    before that of its portal group. Who has come to this very address, on a portal that listens on all of
    them, is let in.
    """

    # TCP port there
    port: int
    # Tell initiators to remember it. Some go nowhere then: libiscsi, and QEMU with it, reports an error
    permanent: bool


class BackstoreConfigAioRequired(TypedDict):
    type: Literal['aio']
    # Regular file or block device
    path: str


class BackstoreConfigAio(BackstoreConfigAioRequired, total=False):
    # Bytes, a multiple of block_size; where absent, the size found
    size: int
    # Bytes of a logical block, by which initiators count
    block_size: Literal[512, 4096]
    # Nobody may write
    read_only: bool
    # Unit serial number (VPD 80h); made up once and kept where absent
    serial: str
    # NAA identifier (VPD 83h), 16 or 32 hex digits; made up once and kept where absent
    naa: str
    # T10 vendor identification
    vendor_id: str
    # Product identification
    product_id: str
    # Product revision level
    product_revision: str
    # Report and use a volatile write cache
    write_cache: bool
    # Accept UNMAP and WRITE SAME with UNMAP
    unmap: bool
    # The medium can be ejected and loaded
    removable: bool
    # Tell initiators by TASK ABORTED that others have aborted their commands
    tas: bool
    # Sense data in descriptor format
    d_sense: bool
    # 0: as the store tells; 1: does not rotate (SSD); else revolutions a minute
    rotation_rate: Union[Literal[0, 1], int]
    # Bytes; where absent, as the store tells. 4096 over blocks of 512: 512e
    physical_block_size: Literal[512, 1024, 2048, 4096, 8192, 16384, 32768, 65536]
    # Bytes: initiators of a thin disk are told when less is left to it, as they are when nothing is; 0:
    # only then
    space_threshold: int
    # Commands that each session may have at this disk; more: TASK SET FULL
    queue_depth: int
    # Make the file where it is missing (needs size)
    create: bool
    # Accept WRITE ATOMIC: whatever is below never tears a write of up to 8 MiB, power lost or not
    atomic_writes: bool
    # How a file that is made gets its space
    preallocate: Literal['off', 'falloc', 'full']
    # O_DIRECT
    direct: bool


class BackstoreConfigIoUringRequired(TypedDict):
    type: Literal['io_uring']
    # Regular file or block device
    path: str


class BackstoreConfigIoUring(BackstoreConfigIoUringRequired, total=False):
    # Bytes, a multiple of block_size; where absent, the size found
    size: int
    # Bytes of a logical block, by which initiators count
    block_size: Literal[512, 4096]
    # Nobody may write
    read_only: bool
    # Unit serial number (VPD 80h); made up once and kept where absent
    serial: str
    # NAA identifier (VPD 83h), 16 or 32 hex digits; made up once and kept where absent
    naa: str
    # T10 vendor identification
    vendor_id: str
    # Product identification
    product_id: str
    # Product revision level
    product_revision: str
    # Report and use a volatile write cache
    write_cache: bool
    # Accept UNMAP and WRITE SAME with UNMAP
    unmap: bool
    # The medium can be ejected and loaded
    removable: bool
    # Tell initiators by TASK ABORTED that others have aborted their commands
    tas: bool
    # Sense data in descriptor format
    d_sense: bool
    # 0: as the store tells; 1: does not rotate (SSD); else revolutions a minute
    rotation_rate: Union[Literal[0, 1], int]
    # Bytes; where absent, as the store tells. 4096 over blocks of 512: 512e
    physical_block_size: Literal[512, 1024, 2048, 4096, 8192, 16384, 32768, 65536]
    # Bytes: initiators of a thin disk are told when less is left to it, as they are when nothing is; 0:
    # only then
    space_threshold: int
    # Commands that each session may have at this disk; more: TASK SET FULL
    queue_depth: int
    # Make the file where it is missing (needs size)
    create: bool
    # Accept WRITE ATOMIC: whatever is below never tears a write of up to 8 MiB, power lost or not
    atomic_writes: bool
    # How a file that is made gets its space
    preallocate: Literal['off', 'falloc', 'full']
    # O_DIRECT
    direct: bool


class BackstoreConfigRdwrRequired(TypedDict):
    type: Literal['rdwr']
    # Regular file or block device
    path: str


class BackstoreConfigRdwr(BackstoreConfigRdwrRequired, total=False):
    # Bytes, a multiple of block_size; where absent, the size found
    size: int
    # Bytes of a logical block, by which initiators count
    block_size: Literal[512, 4096]
    # Nobody may write
    read_only: bool
    # Unit serial number (VPD 80h); made up once and kept where absent
    serial: str
    # NAA identifier (VPD 83h), 16 or 32 hex digits; made up once and kept where absent
    naa: str
    # T10 vendor identification
    vendor_id: str
    # Product identification
    product_id: str
    # Product revision level
    product_revision: str
    # Report and use a volatile write cache
    write_cache: bool
    # Accept UNMAP and WRITE SAME with UNMAP
    unmap: bool
    # The medium can be ejected and loaded
    removable: bool
    # Tell initiators by TASK ABORTED that others have aborted their commands
    tas: bool
    # Sense data in descriptor format
    d_sense: bool
    # 0: as the store tells; 1: does not rotate (SSD); else revolutions a minute
    rotation_rate: Union[Literal[0, 1], int]
    # Bytes; where absent, as the store tells. 4096 over blocks of 512: 512e
    physical_block_size: Literal[512, 1024, 2048, 4096, 8192, 16384, 32768, 65536]
    # Bytes: initiators of a thin disk are told when less is left to it, as they are when nothing is; 0:
    # only then
    space_threshold: int
    # Commands that each session may have at this disk; more: TASK SET FULL
    queue_depth: int
    # Make the file where it is missing (needs size)
    create: bool
    # Accept WRITE ATOMIC: whatever is below never tears a write of up to 8 MiB, power lost or not
    atomic_writes: bool
    # How a file that is made gets its space
    preallocate: Literal['off', 'falloc', 'full']
    # Every write is stable when it completes (O_SYNC)
    sync: bool
    # O_DIRECT
    direct: bool


class BackstoreConfigRamRequired(TypedDict):
    type: Literal['ram']
    # Bytes, a multiple of block_size; where absent, the size found
    size: int


class BackstoreConfigRam(BackstoreConfigRamRequired, total=False):
    # Bytes of a logical block, by which initiators count
    block_size: Literal[512, 4096]
    # Nobody may write
    read_only: bool
    # Unit serial number (VPD 80h); made up once and kept where absent
    serial: str
    # NAA identifier (VPD 83h), 16 or 32 hex digits; made up once and kept where absent
    naa: str
    # T10 vendor identification
    vendor_id: str
    # Product identification
    product_id: str
    # Product revision level
    product_revision: str
    # Report and use a volatile write cache
    write_cache: bool
    # Accept UNMAP and WRITE SAME with UNMAP
    unmap: bool
    # The medium can be ejected and loaded
    removable: bool
    # Tell initiators by TASK ABORTED that others have aborted their commands
    tas: bool
    # Sense data in descriptor format
    d_sense: bool
    # 0: as the store tells; 1: does not rotate (SSD); else revolutions a minute
    rotation_rate: Union[Literal[0, 1], int]
    # Bytes; where absent, as the store tells. 4096 over blocks of 512: 512e
    physical_block_size: Literal[512, 1024, 2048, 4096, 8192, 16384, 32768, 65536]
    # Bytes: initiators of a thin disk are told when less is left to it, as they are when nothing is; 0:
    # only then
    space_threshold: int
    # Commands that each session may have at this disk; more: TASK SET FULL
    queue_depth: int


class BackstoreConfigNullRequired(TypedDict):
    type: Literal['null']
    # Bytes, a multiple of block_size; where absent, the size found
    size: int


class BackstoreConfigNull(BackstoreConfigNullRequired, total=False):
    # Bytes of a logical block, by which initiators count
    block_size: Literal[512, 4096]
    # Nobody may write
    read_only: bool
    # Unit serial number (VPD 80h); made up once and kept where absent
    serial: str
    # NAA identifier (VPD 83h), 16 or 32 hex digits; made up once and kept where absent
    naa: str
    # T10 vendor identification
    vendor_id: str
    # Product identification
    product_id: str
    # Product revision level
    product_revision: str
    # Report and use a volatile write cache
    write_cache: bool
    # Accept UNMAP and WRITE SAME with UNMAP
    unmap: bool
    # The medium can be ejected and loaded
    removable: bool
    # Tell initiators by TASK ABORTED that others have aborted their commands
    tas: bool
    # Sense data in descriptor format
    d_sense: bool
    # 0: as the store tells; 1: does not rotate (SSD); else revolutions a minute
    rotation_rate: Union[Literal[0, 1], int]
    # Bytes; where absent, as the store tells. 4096 over blocks of 512: 512e
    physical_block_size: Literal[512, 1024, 2048, 4096, 8192, 16384, 32768, 65536]
    # Bytes: initiators of a thin disk are told when less is left to it, as they are when nothing is; 0:
    # only then
    space_threshold: int
    # Commands that each session may have at this disk; more: TASK SET FULL
    queue_depth: int


class TargetConfig(TypedDict, total=False):
    """A target in the configuration, under its iSCSI name."""

    # TargetAlias
    alias: str
    # Accept logins
    enabled: bool
    # Portal groups through which it can be reached
    portal_groups: List[int]
    # What the target offers in negotiation (names of RFC 7143 section 13), and its habits
    parameters: TargetParameters
    # Normal logins are answered by 'target moved', with this address, once the ACL has let the initiator
    # in and before it has to prove who it is. Sessions that are open stay. A target's own redirect counts
    # before that of its portal group. Who has come to this very address, on a portal that listens on all
    # of them, is let in
    redirect: Redirect
    # Its disks, by logical unit number
    luns: Dict[str, LunConfig]
    # Who may log in, by the initiator's name or a pattern; nobody where there is no entry
    acls: Dict[str, AclConfig]


class TargetParameters(TypedDict, total=False):
    """What the target offers in negotiation (names of RFC 7143 section 13), and its habits."""

    # InitialR2T
    initial_r2t: bool
    # ImmediateData
    immediate_data: bool
    # MaxRecvDataSegmentLength the target declares
    max_recv_data_segment_length: int
    # MaxBurstLength
    max_burst_length: int
    # FirstBurstLength
    first_burst_length: int
    # MaxOutstandingR2T
    max_outstanding_r2t: int
    # DefaultTime2Wait
    default_time2wait: int
    # HeaderDigest values that are allowed
    header_digest: List[Literal['none', 'crc32c']]
    # DataDigest values that are allowed
    data_digest: List[Literal['none', 'crc32c']]
    # Seconds of silence before a NOP-In ping; 0 for none
    nop_interval_s: int
    # Seconds to wait for the answer to a ping; 0 waits for ever
    nop_timeout_s: int
    # Commands a session may have open (MaxCmdSN window)
    queue_depth: int


class LunConfigRequired(TypedDict):
    # Object name
    backstore: str


class LunConfig(LunConfigRequired, total=False):
    """A LUN in the configuration, under its number."""

    # Nobody may write through this LUN
    read_only: bool
    # false: as if it were not there
    enabled: bool


class AclConfig(TypedDict, total=False):
    """
    An ACL entry in the configuration, under the initiator's name or a pattern. It applies where the name
    matches and, if it has networks, the initiator's address is in one of them; an entry that does not
    apply is passed over. Of those that do, the name itself counts before patterns, a pattern with more
    characters that are not wildcards before one with fewer (among equals in alphabetical order), and *
    last.
    """

    # The entry applies to initiators in these networks only, given as CIDR: 192.0.2.0/24 or
    # 2001:db8::/32; one address is 192.0.2.7/32 or 2001:db8::7/128. IPv4 networks have IPv4 initiators,
    # also where the portal is IPv6; IPv6 networks have the others. Absent: anywhere
    networks: List[str]
    # LUNs this initiator sees, of those that the target has; all, as the target has them, where absent;
    # none where empty
    luns: List[AclLun]
    # What an initiator must prove by CHAP (RFC 7143 section 12.1.3); null: nothing. Sessions that are
    # open stay open when it changes
    auth: ChapCredentials


class DiscoveryConfig(TypedDict, total=False):
    """Discovery sessions, which tell initiators the targets."""

    # What an initiator must prove by CHAP (RFC 7143 section 12.1.3); null: nothing. Sessions that are
    # open stay open when it changes
    auth: ChapCredentials


class ConfigApplyResultRequired(TypedDict):
    changed: bool
    # Revision of the configuration; grows by one with every change
    revision: int
    changes: List[Change]


class ConfigApplyResult(ConfigApplyResultRequired, total=False):
    # True in the answer to a dry run
    dry_run: bool
    # Only where the change takes longer than wait_ms: nothing has changed yet; job.wait waits for it
    job: Any
    # The configuration: maps by name, so that a merge patch can name everything
    before: Config
    # The configuration: maps by name, so that a merge patch can name everything
    after: Config


class Info(TypedDict):
    name: str
    version: str
    # Version of this document
    api_version: str
    # Of the text of GET /openrpc.json
    schema_sha256: str
    pid: int
    # RFC 3339 time in UTC
    started: str
    uptime_s: int
    # Revision of the configuration; grows by one with every change
    revision: int
    # Additive feature flags
    features: List[str]
    backstore_types: List[str]
    limits: Dict[str, int]


class Health(TypedDict):
    status: Literal['ok', 'degraded', 'failing']
    checks: List[HealthChecksItem]


class HealthChecksItemRequired(TypedDict):
    name: str
    status: Literal['ok', 'degraded', 'failing']


class HealthChecksItem(HealthChecksItemRequired, total=False):
    # What is wrong; absent where all is well
    message: str


class DiscoveryState(TypedDict):
    # What an initiator must prove by CHAP (RFC 7143 section 12.1.3); null: nothing. Sessions that are
    # open stay open when it changes
    auth: ChapCredentials
    # Revision of the configuration; grows by one with every change
    revision: int


class DiscoveryUpdateResultRequired(TypedDict):
    changed: bool
    # Revision of the configuration; grows by one with every change
    revision: int
    changes: List[Change]


class DiscoveryUpdateResult(DiscoveryUpdateResultRequired, total=False):
    # True in the answer to a dry run
    dry_run: bool
    # Discovery sessions, which tell initiators the targets
    discovery: DiscoveryConfig


class EventPollResult(TypedDict):
    events: List[Event]
    # What to give as `after` the next time
    last: int
    # How many after `after` were dropped before they were read; where `after` is of an earlier run of the
    # daemon, one more, as nobody knows how many there were
    lost: int


class EventRequired(TypedDict):
    # Grows by one; not used again by the next run of the daemon
    id: int
    # RFC 3339 time in UTC
    time: str
    type: Literal['config.changed', 'backstore.online', 'backstore.error', 'backstore.resized', 'backstore.space', 'portal.up', 'portal.down', 'session.opened', 'session.closed', 'connection.opened', 'connection.closed', 'auth.failed', 'reservation.changed', 'job.updated', 'daemon.ready', 'daemon.stopping', 'log.warning', 'log.error']
    # What it happened to. Names that peers gave are theirs: show them as text
    object: Dict[str, Union[str, int, float]]
    # Revision of the configuration; grows by one with every change
    revision: int


class Event(EventRequired, total=False):
    # So many of this type were left out before this one, because there were too many in a second
    suppressed: int


class JobListResult(TypedDict):
    jobs: List[Job]


class JobRequired(TypedDict):
    id: str
    method: str
    # pending: other changes are before it
    state: Literal['pending', 'running', 'succeeded', 'failed', 'cancelled']
    # null: nobody knows
    progress: Union[float, None]
    # RFC 3339 time in UTC
    started: str
    # Whether job.cancel would do something
    cancellable: bool


class Job(JobRequired, total=False):
    # What it is about
    object: str
    # RFC 3339 time in UTC
    finished: str
    # What the method returned, without before and after of config.apply
    result: Dict[str, Any]
    # Why it failed, as the error of a reply
    error: JobError


class JobError(TypedDict):
    """Why it failed, as the error of a reply."""

    code: int
    message: str
    data: Dict[str, Any]


class LogGetResult(TypedDict):
    level: Literal['error', 'warning', 'info', 'debug']
    # Those whose level is another
    modules: Dict[str, Literal['error', 'warning', 'info', 'debug']]


class LogSetResult(TypedDict):
    level: Literal['error', 'warning', 'info', 'debug']
    # Those whose level is another
    modules: Dict[str, Literal['error', 'warning', 'info', 'debug']]


class LunListResult(TypedDict):
    luns: List[LunState]
    # Revision of the configuration; grows by one with every change
    revision: int


class LunState(TypedDict):
    # iSCSI name (RFC 7143): iqn., eui. or naa. form
    target: str
    # Logical unit number
    lun: int
    # Object name
    backstore: str
    # Nobody may write through this LUN
    read_only: bool
    # false: as if it were not there
    enabled: bool
    # A number of bytes
    size: int
    # error: it could not be opened, and its LUNs are not ready
    state: Literal['online', 'error']


class LunCreateResultRequired(TypedDict):
    changed: bool
    # Revision of the configuration; grows by one with every change
    revision: int
    changes: List[Change]


class LunCreateResult(LunCreateResultRequired, total=False):
    # True in the answer to a dry run
    dry_run: bool
    lun: LunSpec


class LunSpecRequired(TypedDict):
    # Logical unit number
    lun: int
    # Object name
    backstore: str


class LunSpec(LunSpecRequired, total=False):
    # Nobody may write through this LUN
    read_only: bool
    # false: as if it were not there
    enabled: bool


class LunUpdateResultRequired(TypedDict):
    changed: bool
    # Revision of the configuration; grows by one with every change
    revision: int
    changes: List[Change]


class LunUpdateResult(LunUpdateResultRequired, total=False):
    # True in the answer to a dry run
    dry_run: bool
    lun: LunSpec


class LunDeleteResultRequired(TypedDict):
    changed: bool
    # Revision of the configuration; grows by one with every change
    revision: int
    changes: List[Change]


class LunDeleteResult(LunDeleteResultRequired, total=False):
    # True in the answer to a dry run
    dry_run: bool


class PortalGroupListResult(TypedDict):
    portal_groups: List[PortalGroup]
    # Revision of the configuration; grows by one with every change
    revision: int


class PortalGroupRequired(TypedDict):
    # Portal group tag (RFC 7143)
    tag: int
    # Where to listen for initiators
    portals: List[Portal]
    # Asymmetric access state (ALUA, SPC-4 5.15.2) of a portal group, for every disk: optimized and
    # non_optimized work, multipathing prefers the former; through standby and unavailable a disk answers
    # NOT READY, and can be asked only who it is; transitioning is for the time of a failover. An
    # initiator can say something else for one disk by SET TARGET PORT GROUPS; a change here takes that
    # back
    alua_state: Literal['optimized', 'non_optimized', 'standby', 'unavailable', 'transitioning']
    # Initiators are told to prefer it (PREF)
    preferred: bool


class PortalGroup(PortalGroupRequired, total=False):
    # Normal logins are answered by 'target moved', with this address, once the ACL has let the initiator
    # in and before it has to prove who it is. Sessions that are open stay. A target's own redirect counts
    # before that of its portal group. Who has come to this very address, on a portal that listens on all
    # of them, is let in
    redirect: Redirect


class PortalGroupCreateResultRequired(TypedDict):
    changed: bool
    # Revision of the configuration; grows by one with every change
    revision: int
    changes: List[Change]


class PortalGroupCreateResult(PortalGroupCreateResultRequired, total=False):
    # True in the answer to a dry run
    dry_run: bool
    portal_group: PortalGroup


class PortalGroupUpdateResultRequired(TypedDict):
    changed: bool
    # Revision of the configuration; grows by one with every change
    revision: int
    changes: List[Change]


class PortalGroupUpdateResult(PortalGroupUpdateResultRequired, total=False):
    # True in the answer to a dry run
    dry_run: bool
    portal_group: PortalGroup


class PortalGroupDeleteResultRequired(TypedDict):
    changed: bool
    # Revision of the configuration; grows by one with every change
    revision: int
    changes: List[Change]


class PortalGroupDeleteResult(PortalGroupDeleteResultRequired, total=False):
    # True in the answer to a dry run
    dry_run: bool


class ReservationListResult(TypedDict):
    reservations: List[Reservation]


class ReservationRequired(TypedDict):
    # Object name
    backstore: str
    # Initiator port that holds it; null: nobody, or all registrants
    holder: Union[str, None]
    # Survives a restart of the daemon
    aptpl: bool
    # Changes of the registrations since the start
    generation: int
    registrants: List[Registrant]


class Reservation(ReservationRequired, total=False):
    # Absent: nothing is reserved. spc2: by RESERVE(6) or (10)
    type: Literal['spc2', 'write_exclusive', 'exclusive_access', 'write_exclusive_registrants_only', 'exclusive_access_registrants_only', 'write_exclusive_all_registrants', 'exclusive_access_all_registrants']


class Registrant(TypedDict):
    # iSCSI name of the initiator
    initiator: str
    # With its ISID
    initiator_port: str
    # With its portal group tag
    target_port: str
    # Reservation key, 16 hex digits
    key: str
    # Is a holder of the reservation
    holds: bool


class ReservationClearResult(TypedDict):
    # There was something to remove
    cleared: bool


class SessionListResult(TypedDict):
    sessions: List[Session]


class SessionRequired(TypedDict):
    # Opaque, unique while the daemon runs
    id: str
    type: Literal['normal', 'discovery']
    # The name the initiator gave
    initiator: str
    isid: str
    tsih: int
    # Portal group tag (RFC 7143)
    portal_group: int
    # RFC 3339 time in UTC
    since: str
    # How the initiator has proved who it is; mutual_chap: the target, too
    auth: Literal['none', 'chap', 'mutual_chap']
    connections: List[Connection]


class Session(SessionRequired, total=False):
    # iSCSI name; absent for discovery
    target: str
    initiator_alias: str
    # What was agreed at login
    parameters: SessionParameters


class SessionParameters(TypedDict, total=False):
    """What was agreed at login."""

    # The target's
    max_recv_data_segment_length: int
    # The initiator's MaxRecvDataSegmentLength
    max_send_data_segment_length: int
    max_burst_length: int
    first_burst_length: int
    max_outstanding_r2t: int
    initial_r2t: bool
    immediate_data: bool


class Connection(TypedDict):
    id: str
    cid: int
    # address:port
    local: str
    # address:port
    remote: str
    state: Literal['login', 'full_feature', 'logout', 'closing']
    header_digest: Literal['none', 'crc32c']
    data_digest: Literal['none', 'crc32c']


class SessionCloseResult(TypedDict):
    # The session has been told to go
    closed: bool


class StatsGetResult(TypedDict):
    # RFC 3339 time in UTC
    time: str
    # RFC 3339 time in UTC
    started: str
    stats: List[StatsEntry]


class StatsEntryRequired(TypedDict):
    kind: Literal['daemon', 'target', 'lun', 'backstore', 'session']
    name: str
    io: IoCounters


class StatsEntry(StatsEntryRequired, total=False):
    # With histograms: from the arrival of a command to its answer; a kind that no command was of is left
    # out, other has what is none of the first three
    latency: StatsEntryLatency
    # What else there is to count: sessions of a target; of the daemon also targets, backstores and, since
    # its start, logins_refused and of these authentications_failed
    extra: Dict[str, int]


class IoCounters(TypedDict):
    read_ops: int
    write_ops: int
    unmap_ops: int
    flush_ops: int
    other_ops: int
    read_bytes: int
    write_bytes: int
    unmap_bytes: int
    errors: int
    read_time_us: int
    write_time_us: int
    in_flight: int


class StatsEntryLatency(TypedDict, total=False):
    """
    With histograms: from the arrival of a command to its answer; a kind that no command was of is left
    out, other has what is none of the first three.
    """

    # counts[i] took at most bounds[i], and longer than bounds[i - 1]; the last count, which has no bound,
    # is of the rest
    read: Histogram
    # counts[i] took at most bounds[i], and longer than bounds[i - 1]; the last count, which has no bound,
    # is of the rest
    write: Histogram
    # counts[i] took at most bounds[i], and longer than bounds[i - 1]; the last count, which has no bound,
    # is of the rest
    flush: Histogram
    # counts[i] took at most bounds[i], and longer than bounds[i - 1]; the last count, which has no bound,
    # is of the rest
    other: Histogram


class Histogram(TypedDict):
    """
    counts[i] took at most bounds[i], and longer than bounds[i - 1]; the last count, which has no bound,
    is of the rest.
    """

    unit: Literal['us']
    bounds: List[int]
    counts: List[int]
    # Of all of them, in the unit
    sum: int


class TargetListResult(TypedDict):
    targets: List[Target]
    # Revision of the configuration; grows by one with every change
    revision: int


class TargetRequired(TypedDict):
    # iSCSI name (RFC 7143): iqn., eui. or naa. form
    name: str
    # Accept logins
    enabled: bool
    # Portal groups through which it can be reached
    portal_groups: List[int]
    luns: List[LunSpec]
    acls: List[AclSpec]
    # State: open sessions
    sessions: int


class Target(TargetRequired, total=False):
    # TargetAlias
    alias: str
    # What the target offers in negotiation (names of RFC 7143 section 13), and its habits
    parameters: TargetParameters
    # Normal logins are answered by 'target moved', with this address, once the ACL has let the initiator
    # in and before it has to prove who it is. Sessions that are open stay. A target's own redirect counts
    # before that of its portal group. Who has come to this very address, on a portal that listens on all
    # of them, is let in
    redirect: Redirect


class TargetCreateResultRequired(TypedDict):
    changed: bool
    # Revision of the configuration; grows by one with every change
    revision: int
    changes: List[Change]


class TargetCreateResult(TargetCreateResultRequired, total=False):
    # True in the answer to a dry run
    dry_run: bool
    target: Target


class TargetUpdateResultRequired(TypedDict):
    changed: bool
    # Revision of the configuration; grows by one with every change
    revision: int
    changes: List[Change]


class TargetUpdateResult(TargetUpdateResultRequired, total=False):
    # True in the answer to a dry run
    dry_run: bool
    target: Target


class TargetDeleteResultRequired(TypedDict):
    changed: bool
    # Revision of the configuration; grows by one with every change
    revision: int
    changes: List[Change]


class TargetDeleteResult(TargetDeleteResultRequired, total=False):
    # True in the answer to a dry run
    dry_run: bool


class Workers(TypedDict):
    # How many there are
    workers: int
    # Microseconds that a worker which has just had work looks for more before it sleeps; 0: it sleeps at
    # once
    busy_poll_us: int


class BackstoreCommon(TypedDict, total=False):
    """What all types have."""

    # Object name
    name: str
    # Bytes, a multiple of block_size; where absent, the size found
    size: int
    # Bytes of a logical block, by which initiators count
    block_size: Literal[512, 4096]
    # Nobody may write
    read_only: bool
    # Unit serial number (VPD 80h); made up once and kept where absent
    serial: str
    # NAA identifier (VPD 83h), 16 or 32 hex digits; made up once and kept where absent
    naa: str
    # T10 vendor identification
    vendor_id: str
    # Product identification
    product_id: str
    # Product revision level
    product_revision: str
    # Report and use a volatile write cache
    write_cache: bool
    # Accept UNMAP and WRITE SAME with UNMAP
    unmap: bool
    # The medium can be ejected and loaded
    removable: bool
    # Tell initiators by TASK ABORTED that others have aborted their commands
    tas: bool
    # Sense data in descriptor format
    d_sense: bool
    # 0: as the store tells; 1: does not rotate (SSD); else revolutions a minute
    rotation_rate: Union[Literal[0, 1], int]
    # Bytes; where absent, as the store tells. 4096 over blocks of 512: 512e
    physical_block_size: Literal[512, 1024, 2048, 4096, 8192, 16384, 32768, 65536]
    # Bytes: initiators of a thin disk are told when less is left to it, as they are when nothing is; 0:
    # only then
    space_threshold: int
    # Commands that each session may have at this disk; more: TASK SET FULL
    queue_depth: int


class BackstoreFile(TypedDict, total=False):
    """What types over a file or block device have."""

    # Regular file or block device
    path: str
    # Make the file where it is missing (needs size)
    create: bool
    # Accept WRITE ATOMIC: whatever is below never tears a write of up to 8 MiB, power lost or not
    atomic_writes: bool
    # How a file that is made gets its space
    preallocate: Literal['off', 'falloc', 'full']
    # Every write is stable when it completes (O_SYNC)
    sync: bool


class ObjectNameRequired(TypedDict):
    kind: str


class ObjectName(ObjectNameRequired, total=False):
    """What an error speaks of."""

    name: str
    id: str
    target: str
    initiator: str
    remote: str
    # Logical unit number
    lun: int


class ProblemRequired(TypedDict):
    # JSON Pointer to the value
    path: str
    message: str


class Problem(ProblemRequired, total=False):
    # The rule that it breaks
    keyword: str
    limit: int
    value: int


class ErrorDataDifferencesItemRequired(TypedDict):
    path: str


class ErrorDataDifferencesItem(ErrorDataDifferencesItemRequired, total=False):
    wanted: Any
    found: Any


Backstore = Union[
    BackstoreAio,
    BackstoreIoUring,
    BackstoreRdwr,
    BackstoreRam,
    BackstoreNull,
]

BackstoreConfig = Union[
    BackstoreConfigAio,
    BackstoreConfigIoUring,
    BackstoreConfigRdwr,
    BackstoreConfigRam,
    BackstoreConfigNull,
]


class AclMethods:
    def __init__(self, call: Call) -> None:
        self._call = call

    def list(self, *, target: Optional[str] = None) -> AclListResult:
        """
        Who may log in to a target.
        target: Only of this target.
        """
        params: Params = {}
        if target is not None:
            params['target'] = target
        return cast(AclListResult, self._call('acl.list', params))

    def get(self, target: str, initiator: str) -> AclState:
        """
        One ACL entry of a target.
        target: The target's name.
        initiator: The entry's name: an initiator's name, a pattern, or * for any.
        """
        params: Params = {'target': target, 'initiator': initiator}
        return cast(AclState, self._call('acl.get', params))

    def create(
        self,
        target: str,
        initiator: str,
        *,
        networks: Optional[List[str]] = None,
        luns: Optional[List[AclLun]] = None,
        auth: Union[ChapCredentials, Unset] = UNSET,
        expect_revision: Optional[int] = None,
        dry_run: Optional[bool] = None,
    ) -> AclCreateResult:
        """
        Let an initiator in.
        target: The target's iSCSI name.
        initiator: The initiator's iSCSI name, a pattern, or * for any.
        networks: Networks the initiator has to be in; anywhere where absent.
        luns: LUNs the initiator sees; all where absent.
        auth: What the initiator must prove by CHAP; nothing where absent or null.
        expect_revision: Fail with REVISION_MISMATCH unless the configuration is at this revision.
        dry_run: Check and report the changes, and make none.
        """
        params: Params = {'target': target, 'initiator': initiator}
        if networks is not None:
            params['networks'] = networks
        if luns is not None:
            params['luns'] = luns
        if auth is not UNSET:
            params['auth'] = auth
        if expect_revision is not None:
            params['expect_revision'] = expect_revision
        if dry_run is not None:
            params['dry_run'] = dry_run
        return cast(AclCreateResult, self._call('acl.create', params))

    def update(
        self,
        target: str,
        initiator: str,
        set: Dict[str, Any],
        *,
        expect_revision: Optional[int] = None,
        dry_run: Optional[bool] = None,
        force: Optional[bool] = None,
    ) -> AclUpdateResult:
        """
        Change an entry (a merge patch).
        target: The target's iSCSI name.
        initiator: The initiator's iSCSI name, a pattern, or * for any.
        set: Members to change; null gives the default back.
        expect_revision: Fail with REVISION_MISMATCH unless the configuration is at this revision.
        dry_run: Check and report the changes, and make none.
        force: Close the sessions that are in the way.
        """
        params: Params = {'target': target, 'initiator': initiator, 'set': set}
        if expect_revision is not None:
            params['expect_revision'] = expect_revision
        if dry_run is not None:
            params['dry_run'] = dry_run
        if force is not None:
            params['force'] = force
        return cast(AclUpdateResult, self._call('acl.update', params))

    def delete(
        self,
        target: str,
        initiator: str,
        *,
        missing_ok: Optional[bool] = None,
        expect_revision: Optional[int] = None,
        dry_run: Optional[bool] = None,
        force: Optional[bool] = None,
    ) -> AclDeleteResult:
        """
        Take an entry away; with force also close the sessions it let in.
        target: The target's iSCSI name.
        initiator: The initiator's iSCSI name, a pattern, or * for any.
        missing_ok: Succeed, with changed false, where there is none.
        expect_revision: Fail with REVISION_MISMATCH unless the configuration is at this revision.
        dry_run: Check and report the changes, and make none.
        force: Close the sessions that are in the way.
        """
        params: Params = {'target': target, 'initiator': initiator}
        if missing_ok is not None:
            params['missing_ok'] = missing_ok
        if expect_revision is not None:
            params['expect_revision'] = expect_revision
        if dry_run is not None:
            params['dry_run'] = dry_run
        if force is not None:
            params['force'] = force
        return cast(AclDeleteResult, self._call('acl.delete', params))


class BackstoreMethods:
    def __init__(self, call: Call) -> None:
        self._call = call

    def types(self) -> BackstoreTypesResult:
        """Backing store types of this build and their options."""
        params: Params = {}
        return cast(BackstoreTypesResult, self._call('backstore.types', params))

    def list(
        self,
        *,
        type: Optional[Literal['aio', 'io_uring', 'rdwr', 'ram', 'null']] = None,
    ) -> BackstoreListResult:
        """
        All backing stores.
        type: Only of this type.
        """
        params: Params = {}
        if type is not None:
            params['type'] = type
        return cast(BackstoreListResult, self._call('backstore.list', params))

    def get(self, name: str) -> BackstoreState:
        """
        One backing store.
        name: Its name.
        """
        params: Params = {'name': name}
        return cast(BackstoreState, self._call('backstore.get', params))

    def create(
        self,
        backstore: Backstore,
        *,
        expect_revision: Optional[int] = None,
        dry_run: Optional[bool] = None,
        wait_ms: Optional[int] = None,
    ) -> BackstoreCreateResult:
        """
        Open a backing store, making its file if asked to.
        backstore: Name, type and options.
        expect_revision: Fail with REVISION_MISMATCH unless the configuration is at this revision.
        dry_run: Check and report the changes, and make none.
        wait_ms: Wait so long for the change; then return it still running, as a job.
        """
        params: Params = {'backstore': backstore}
        if expect_revision is not None:
            params['expect_revision'] = expect_revision
        if dry_run is not None:
            params['dry_run'] = dry_run
        if wait_ms is not None:
            params['wait_ms'] = wait_ms
        return cast(BackstoreCreateResult, self._call('backstore.create', params))

    def update(
        self,
        name: str,
        set: Dict[str, Any],
        *,
        expect_revision: Optional[int] = None,
        dry_run: Optional[bool] = None,
        force: Optional[bool] = None,
    ) -> BackstoreUpdateResult:
        """
        Change attributes (a merge patch).
        name: Its name.
        set: Members to change; null gives the default back.
        expect_revision: Fail with REVISION_MISMATCH unless the configuration is at this revision.
        dry_run: Check and report the changes, and make none.
        force: Close the sessions that are in the way.
        """
        params: Params = {'name': name, 'set': set}
        if expect_revision is not None:
            params['expect_revision'] = expect_revision
        if dry_run is not None:
            params['dry_run'] = dry_run
        if force is not None:
            params['force'] = force
        return cast(BackstoreUpdateResult, self._call('backstore.update', params))

    def resize(
        self,
        name: str,
        size: Union[int, None],
        *,
        expect_revision: Optional[int] = None,
        dry_run: Optional[bool] = None,
        force: Optional[bool] = None,
        wait_ms: Optional[int] = None,
    ) -> BackstoreResizeResult:
        """
        Grow (or with force shrink) and tell the initiators.
        name: Its name.
        size: Bytes; null: take the size the file or device has now.
        expect_revision: Fail with REVISION_MISMATCH unless the configuration is at this revision.
        dry_run: Check and report the changes, and make none.
        force: Close the sessions that are in the way.
        wait_ms: Wait so long for the change; then return it still running, as a job.
        """
        params: Params = {'name': name, 'size': size}
        if expect_revision is not None:
            params['expect_revision'] = expect_revision
        if dry_run is not None:
            params['dry_run'] = dry_run
        if force is not None:
            params['force'] = force
        if wait_ms is not None:
            params['wait_ms'] = wait_ms
        return cast(BackstoreResizeResult, self._call('backstore.resize', params))

    def delete(
        self,
        name: str,
        *,
        delete_data: Optional[bool] = None,
        missing_ok: Optional[bool] = None,
        expect_revision: Optional[int] = None,
        dry_run: Optional[bool] = None,
        wait_ms: Optional[int] = None,
    ) -> BackstoreDeleteResult:
        """
        Close a backing store; its data stays unless asked otherwise.
        name: Its name.
        delete_data: Also remove the file (regular files only).
        missing_ok: Succeed, with changed false, where there is none.
        expect_revision: Fail with REVISION_MISMATCH unless the configuration is at this revision.
        dry_run: Check and report the changes, and make none.
        wait_ms: Wait so long for the change; then return it still running, as a job.
        """
        params: Params = {'name': name}
        if delete_data is not None:
            params['delete_data'] = delete_data
        if missing_ok is not None:
            params['missing_ok'] = missing_ok
        if expect_revision is not None:
            params['expect_revision'] = expect_revision
        if dry_run is not None:
            params['dry_run'] = dry_run
        if wait_ms is not None:
            params['wait_ms'] = wait_ms
        return cast(BackstoreDeleteResult, self._call('backstore.delete', params))


class ConfigMethods:
    def __init__(self, call: Call) -> None:
        self._call = call

    def get(self, *, defaults: Optional[bool] = None) -> ConfigGetResult:
        """
        The whole configuration as one document.
        defaults: Also members that have their default value.
        """
        params: Params = {}
        if defaults is not None:
            params['defaults'] = defaults
        return cast(ConfigGetResult, self._call('config.get', params))

    def apply(
        self,
        config: Dict[str, Any],
        *,
        mode: Optional[Literal['replace', 'merge']] = None,
        expect_revision: Optional[int] = None,
        dry_run: Optional[bool] = None,
        force: Optional[bool] = None,
        wait_ms: Optional[int] = None,
    ) -> ConfigApplyResult:
        """
        Make the configuration match a document, all of it or none of it.
        config: The wanted document.
        mode: replace: what is not named goes; merge: only what is named changes.
        expect_revision: Fail with REVISION_MISMATCH unless the configuration is at this revision.
        dry_run: Check and report the changes, and make none.
        force: Close the sessions that are in the way.
        wait_ms: Wait so long for the change; then return it still running, as a job.
        """
        params: Params = {'config': config}
        if mode is not None:
            params['mode'] = mode
        if expect_revision is not None:
            params['expect_revision'] = expect_revision
        if dry_run is not None:
            params['dry_run'] = dry_run
        if force is not None:
            params['force'] = force
        if wait_ms is not None:
            params['wait_ms'] = wait_ms
        return cast(ConfigApplyResult, self._call('config.apply', params))


class DaemonMethods:
    def __init__(self, call: Call) -> None:
        self._call = call

    def info(self) -> Info:
        """Name, versions, features and limits."""
        params: Params = {}
        return cast(Info, self._call('daemon.info', params))

    def health(self) -> Health:
        """Is it working, and what is not."""
        params: Params = {}
        return cast(Health, self._call('daemon.health', params))


class DiscoveryMethods:
    def __init__(self, call: Call) -> None:
        self._call = call

    def get(self) -> DiscoveryState:
        """What initiators must prove to be told the targets."""
        params: Params = {}
        return cast(DiscoveryState, self._call('discovery.get', params))

    def update(
        self,
        set: Dict[str, Any],
        *,
        expect_revision: Optional[int] = None,
        dry_run: Optional[bool] = None,
    ) -> DiscoveryUpdateResult:
        """
        Demand CHAP for discovery, or no longer (a merge patch).
        set: Members to change; null gives the default back.
        expect_revision: Fail with REVISION_MISMATCH unless the configuration is at this revision.
        dry_run: Check and report the changes, and make none.
        """
        params: Params = {'set': set}
        if expect_revision is not None:
            params['expect_revision'] = expect_revision
        if dry_run is not None:
            params['dry_run'] = dry_run
        return cast(DiscoveryUpdateResult, self._call('discovery.update', params))


class EventMethods:
    def __init__(self, call: Call) -> None:
        self._call = call

    def poll(
        self,
        *,
        after: Optional[int] = None,
        types: Optional[List[Literal['*', 'config.*', 'backstore.*', 'portal.*', 'session.*', 'connection.*', 'auth.*', 'reservation.*', 'job.*', 'daemon.*', 'log.*', 'config.changed', 'backstore.online', 'backstore.error', 'backstore.resized', 'backstore.space', 'portal.up', 'portal.down', 'session.opened', 'session.closed', 'connection.opened', 'connection.closed', 'auth.failed', 'reservation.changed', 'job.updated', 'daemon.ready', 'daemon.stopping', 'log.warning', 'log.error']]] = None,
        max: Optional[int] = None,
        timeout_ms: Optional[int] = None,
    ) -> EventPollResult:
        """
        What has happened since an event that was seen; waits for the next.
        after: The `last` of the call before; 0: all that are kept; -1: from now on.
        types: Only these.
        max: At most so many; the rest the next time.
        timeout_ms: Where there is none yet, wait so long for one; 0: do not wait.
        """
        params: Params = {}
        if after is not None:
            params['after'] = after
        if types is not None:
            params['types'] = types
        if max is not None:
            params['max'] = max
        if timeout_ms is not None:
            params['timeout_ms'] = timeout_ms
        return cast(EventPollResult, self._call('event.poll', params))


class JobMethods:
    def __init__(self, call: Call) -> None:
        self._call = call

    def list(self) -> JobListResult:
        """What takes long: at work and lately ended."""
        params: Params = {}
        return cast(JobListResult, self._call('job.list', params))

    def get(self, id: str) -> Job:
        """
        One job.
        id: Its id.
        """
        params: Params = {'id': id}
        return cast(Job, self._call('job.get', params))

    def wait(self, id: str, *, timeout_ms: Optional[int] = None) -> Job:
        """
        Wait for a job to end.
        id: Its id.
        timeout_ms: Return the job after this time in any case.
        """
        params: Params = {'id': id}
        if timeout_ms is not None:
            params['timeout_ms'] = timeout_ms
        return cast(Job, self._call('job.wait', params))

    def cancel(self, id: str) -> Job:
        """
        Ask a job to stop.
        id: Its id.
        """
        params: Params = {'id': id}
        return cast(Job, self._call('job.cancel', params))


class LogMethods:
    def __init__(self, call: Call) -> None:
        self._call = call

    def get(self) -> LogGetResult:
        """Log level in force."""
        params: Params = {}
        return cast(LogGetResult, self._call('log.get', params))

    def set(
        self,
        *,
        level: Optional[Literal['error', 'warning', 'info', 'debug']] = None,
        modules: Optional[Dict[str, Literal['error', 'warning', 'info', 'debug', None]]] = None,
    ) -> LogSetResult:
        """
        Change the log level without a restart.
        level: Of all modules.
        modules: Per module; null gives a module the level of the others.
        """
        params: Params = {}
        if level is not None:
            params['level'] = level
        if modules is not None:
            params['modules'] = modules
        return cast(LogSetResult, self._call('log.set', params))


class LunMethods:
    def __init__(self, call: Call) -> None:
        self._call = call

    def list(self, *, target: Optional[str] = None) -> LunListResult:
        """
        LUNs of one target, or of all.
        target: Only of this target.
        """
        params: Params = {}
        if target is not None:
            params['target'] = target
        return cast(LunListResult, self._call('lun.list', params))

    def get(self, target: str, lun: int) -> LunState:
        """
        One LUN of a target.
        target: The target's name.
        lun: Its number.
        """
        params: Params = {'target': target, 'lun': lun}
        return cast(LunState, self._call('lun.get', params))

    def create(
        self,
        target: str,
        backstore: str,
        *,
        lun: Union[Union[int, None], Unset] = UNSET,
        read_only: Optional[bool] = None,
        enabled: Optional[bool] = None,
        expect_revision: Optional[int] = None,
        dry_run: Optional[bool] = None,
    ) -> LunCreateResult:
        """
        Give a target a LUN.
        target: The target's iSCSI name.
        backstore: The backing store behind it.
        lun: Its number; the lowest free one where absent (a call that cannot be repeated safely).
        read_only: Refuse writes.
        enabled: false: as if it were not there.
        expect_revision: Fail with REVISION_MISMATCH unless the configuration is at this revision.
        dry_run: Check and report the changes, and make none.
        """
        params: Params = {'target': target, 'backstore': backstore}
        if lun is not UNSET:
            params['lun'] = lun
        if read_only is not None:
            params['read_only'] = read_only
        if enabled is not None:
            params['enabled'] = enabled
        if expect_revision is not None:
            params['expect_revision'] = expect_revision
        if dry_run is not None:
            params['dry_run'] = dry_run
        return cast(LunCreateResult, self._call('lun.create', params))

    def update(
        self,
        target: str,
        lun: int,
        set: Dict[str, Any],
        *,
        expect_revision: Optional[int] = None,
        dry_run: Optional[bool] = None,
        force: Optional[bool] = None,
    ) -> LunUpdateResult:
        """
        Change read_only or enabled, or put another backing store behind it.
        target: The target's iSCSI name.
        lun: Its number.
        set: Members to change: backstore, read_only, enabled; null gives the default back.
        expect_revision: Fail with REVISION_MISMATCH unless the configuration is at this revision.
        dry_run: Check and report the changes, and make none.
        force: Close the sessions that are in the way.
        """
        params: Params = {'target': target, 'lun': lun, 'set': set}
        if expect_revision is not None:
            params['expect_revision'] = expect_revision
        if dry_run is not None:
            params['dry_run'] = dry_run
        if force is not None:
            params['force'] = force
        return cast(LunUpdateResult, self._call('lun.update', params))

    def delete(
        self,
        target: str,
        lun: int,
        *,
        missing_ok: Optional[bool] = None,
        expect_revision: Optional[int] = None,
        dry_run: Optional[bool] = None,
        force: Optional[bool] = None,
    ) -> LunDeleteResult:
        """
        Take a LUN away.
        target: The target's iSCSI name.
        lun: Its number.
        missing_ok: Succeed, with changed false, where there is none.
        expect_revision: Fail with REVISION_MISMATCH unless the configuration is at this revision.
        dry_run: Check and report the changes, and make none.
        force: Close the sessions that are in the way.
        """
        params: Params = {'target': target, 'lun': lun}
        if missing_ok is not None:
            params['missing_ok'] = missing_ok
        if expect_revision is not None:
            params['expect_revision'] = expect_revision
        if dry_run is not None:
            params['dry_run'] = dry_run
        if force is not None:
            params['force'] = force
        return cast(LunDeleteResult, self._call('lun.delete', params))


class PortalGroupMethods:
    def __init__(self, call: Call) -> None:
        self._call = call

    def list(self) -> PortalGroupListResult:
        """Portal groups and whether their portals listen."""
        params: Params = {}
        return cast(PortalGroupListResult, self._call('portal_group.list', params))

    def get(self, tag: int) -> PortalGroup:
        """
        One portal group.
        tag: Its tag.
        """
        params: Params = {'tag': tag}
        return cast(PortalGroup, self._call('portal_group.get', params))

    def create(
        self,
        tag: int,
        portals: List[Portal],
        *,
        alua_state: Optional[Literal['optimized', 'non_optimized', 'standby', 'unavailable', 'transitioning']] = None,
        preferred: Optional[bool] = None,
        redirect: Optional[Redirect] = None,
        expect_revision: Optional[int] = None,
        dry_run: Optional[bool] = None,
    ) -> PortalGroupCreateResult:
        """
        Listen on a set of portals.
        tag: Its tag.
        portals: Where to listen.
        alua_state: How disks can be used through it.
        preferred: Tell initiators to prefer it (PREF).
        redirect: Send initiators that come here elsewhere.
        expect_revision: Fail with REVISION_MISMATCH unless the configuration is at this revision.
        dry_run: Check and report the changes, and make none.
        """
        params: Params = {'tag': tag, 'portals': portals}
        if alua_state is not None:
            params['alua_state'] = alua_state
        if preferred is not None:
            params['preferred'] = preferred
        if redirect is not None:
            params['redirect'] = redirect
        if expect_revision is not None:
            params['expect_revision'] = expect_revision
        if dry_run is not None:
            params['dry_run'] = dry_run
        return cast(PortalGroupCreateResult, self._call('portal_group.create', params))

    def update(
        self,
        tag: int,
        *,
        portals: Optional[List[Portal]] = None,
        alua_state: Optional[Literal['optimized', 'non_optimized', 'standby', 'unavailable', 'transitioning']] = None,
        preferred: Optional[bool] = None,
        redirect: Union[Union[None, Redirect], Unset] = UNSET,
        expect_revision: Optional[int] = None,
        dry_run: Optional[bool] = None,
        force: Optional[bool] = None,
    ) -> PortalGroupUpdateResult:
        """
        Change a portal group: members that are not given stay; of portals only those that differ are
        touched.
        tag: Its tag.
        portals: Where to listen: in place of all there were.
        alua_state: How disks can be used through it.
        preferred: Tell initiators to prefer it (PREF).
        redirect: Send initiators that come here elsewhere: in place of what there was; null: not any
        more.
        expect_revision: Fail with REVISION_MISMATCH unless the configuration is at this revision.
        dry_run: Check and report the changes, and make none.
        force: Close the sessions that are in the way.
        """
        params: Params = {'tag': tag}
        if portals is not None:
            params['portals'] = portals
        if alua_state is not None:
            params['alua_state'] = alua_state
        if preferred is not None:
            params['preferred'] = preferred
        if redirect is not UNSET:
            params['redirect'] = redirect
        if expect_revision is not None:
            params['expect_revision'] = expect_revision
        if dry_run is not None:
            params['dry_run'] = dry_run
        if force is not None:
            params['force'] = force
        return cast(PortalGroupUpdateResult, self._call('portal_group.update', params))

    def delete(
        self,
        tag: int,
        *,
        missing_ok: Optional[bool] = None,
        expect_revision: Optional[int] = None,
        dry_run: Optional[bool] = None,
        force: Optional[bool] = None,
    ) -> PortalGroupDeleteResult:
        """
        Stop listening.
        tag: Its tag.
        missing_ok: Succeed, with changed false, where there is none.
        expect_revision: Fail with REVISION_MISMATCH unless the configuration is at this revision.
        dry_run: Check and report the changes, and make none.
        force: Close the sessions that are in the way.
        """
        params: Params = {'tag': tag}
        if missing_ok is not None:
            params['missing_ok'] = missing_ok
        if expect_revision is not None:
            params['expect_revision'] = expect_revision
        if dry_run is not None:
            params['dry_run'] = dry_run
        if force is not None:
            params['force'] = force
        return cast(PortalGroupDeleteResult, self._call('portal_group.delete', params))


class ReservationMethods:
    def __init__(self, call: Call) -> None:
        self._call = call

    def list(self, *, backstore: Optional[str] = None) -> ReservationListResult:
        """
        SCSI reservations and registered keys.
        backstore: Only of this one.
        """
        params: Params = {}
        if backstore is not None:
            params['backstore'] = backstore
        return cast(ReservationListResult, self._call('reservation.list', params))

    def clear(self, backstore: str) -> ReservationClearResult:
        """Remove all reservations and keys of a backing store."""
        params: Params = {'backstore': backstore}
        return cast(ReservationClearResult, self._call('reservation.clear', params))


class RpcMethods:
    def __init__(self, call: Call) -> None:
        self._call = call

    def discover(self) -> Dict[str, Any]:
        """This document (OpenRPC)."""
        params: Params = {}
        return cast(Dict[str, Any], self._call('rpc.discover', params))


class SessionMethods:
    def __init__(self, call: Call) -> None:
        self._call = call

    def list(self, *, target: Optional[str] = None, initiator: Optional[str] = None) -> SessionListResult:
        """
        Open sessions and their connections.
        target: Only to this target.
        initiator: Only of this initiator.
        """
        params: Params = {}
        if target is not None:
            params['target'] = target
        if initiator is not None:
            params['initiator'] = initiator
        return cast(SessionListResult, self._call('session.list', params))

    def close(
        self,
        id: str,
        *,
        how: Optional[Literal['logout', 'drop']] = None,
        timeout_s: Optional[int] = None,
    ) -> SessionCloseResult:
        """
        Close a session.
        id: As session.list gives it.
        how: logout: ask by Async Message, drop who has not begun to after timeout_s; drop: at once.
        Who is dropped is told.
        timeout_s: How long to wait for the logout.
        """
        params: Params = {'id': id}
        if how is not None:
            params['how'] = how
        if timeout_s is not None:
            params['timeout_s'] = timeout_s
        return cast(SessionCloseResult, self._call('session.close', params))


class StatsMethods:
    def __init__(self, call: Call) -> None:
        self._call = call

    def get(
        self,
        kind: Literal['daemon', 'target', 'lun', 'backstore', 'session'],
        *,
        names: Optional[List[str]] = None,
        histograms: Optional[bool] = None,
    ) -> StatsGetResult:
        """
        Counters since the daemon started (they only grow).
        kind: What to count by.
        names: Only these; a LUN's is target/number.
        histograms: Also how long commands took, by kind: of everything but backing stores.
        """
        params: Params = {'kind': kind}
        if names is not None:
            params['names'] = names
        if histograms is not None:
            params['histograms'] = histograms
        return cast(StatsGetResult, self._call('stats.get', params))


class TargetMethods:
    def __init__(self, call: Call) -> None:
        self._call = call

    def list(self, *, names: Optional[List[str]] = None) -> TargetListResult:
        """
        All targets.
        names: Only these.
        """
        params: Params = {}
        if names is not None:
            params['names'] = names
        return cast(TargetListResult, self._call('target.list', params))

    def get(self, name: str) -> Target:
        """
        One target.
        name: Its iSCSI name.
        """
        params: Params = {'name': name}
        return cast(Target, self._call('target.get', params))

    def create(
        self,
        name: str,
        *,
        alias: Optional[str] = None,
        enabled: Optional[bool] = None,
        portal_groups: Optional[List[int]] = None,
        parameters: Optional[TargetParameters] = None,
        redirect: Optional[Redirect] = None,
        luns: Optional[List[LunSpec]] = None,
        acls: Optional[List[AclSpec]] = None,
        expect_revision: Optional[int] = None,
        dry_run: Optional[bool] = None,
    ) -> TargetCreateResult:
        """
        Make a target, with its LUNs and ACLs if given.
        name: Its iSCSI name.
        alias: TargetAlias.
        enabled: Accept logins.
        portal_groups: Tags of the portal groups it is reached through.
        parameters: What it offers in negotiation.
        redirect: Send initiators elsewhere.
        luns: Its LUNs.
        acls: Who may log in; nobody where there are none.
        expect_revision: Fail with REVISION_MISMATCH unless the configuration is at this revision.
        dry_run: Check and report the changes, and make none.
        """
        params: Params = {'name': name}
        if alias is not None:
            params['alias'] = alias
        if enabled is not None:
            params['enabled'] = enabled
        if portal_groups is not None:
            params['portal_groups'] = portal_groups
        if parameters is not None:
            params['parameters'] = parameters
        if redirect is not None:
            params['redirect'] = redirect
        if luns is not None:
            params['luns'] = luns
        if acls is not None:
            params['acls'] = acls
        if expect_revision is not None:
            params['expect_revision'] = expect_revision
        if dry_run is not None:
            params['dry_run'] = dry_run
        return cast(TargetCreateResult, self._call('target.create', params))

    def update(
        self,
        name: str,
        set: Dict[str, Any],
        *,
        expect_revision: Optional[int] = None,
        dry_run: Optional[bool] = None,
        force: Optional[bool] = None,
    ) -> TargetUpdateResult:
        """
        Change attributes (a merge patch).
        name: Its iSCSI name.
        set: Members to change: alias, enabled, portal_groups, parameters, redirect; null gives the
        default back.
        expect_revision: Fail with REVISION_MISMATCH unless the configuration is at this revision.
        dry_run: Check and report the changes, and make none.
        force: Close the sessions that are in the way.
        """
        params: Params = {'name': name, 'set': set}
        if expect_revision is not None:
            params['expect_revision'] = expect_revision
        if dry_run is not None:
            params['dry_run'] = dry_run
        if force is not None:
            params['force'] = force
        return cast(TargetUpdateResult, self._call('target.update', params))

    def delete(
        self,
        name: str,
        *,
        missing_ok: Optional[bool] = None,
        expect_revision: Optional[int] = None,
        dry_run: Optional[bool] = None,
        force: Optional[bool] = None,
    ) -> TargetDeleteResult:
        """
        Remove a target with its LUNs and ACLs.
        name: Its iSCSI name.
        missing_ok: Succeed, with changed false, where there is none.
        expect_revision: Fail with REVISION_MISMATCH unless the configuration is at this revision.
        dry_run: Check and report the changes, and make none.
        force: Close the sessions that are in the way.
        """
        params: Params = {'name': name}
        if missing_ok is not None:
            params['missing_ok'] = missing_ok
        if expect_revision is not None:
            params['expect_revision'] = expect_revision
        if dry_run is not None:
            params['dry_run'] = dry_run
        if force is not None:
            params['force'] = force
        return cast(TargetDeleteResult, self._call('target.delete', params))


class WorkerMethods:
    def __init__(self, call: Call) -> None:
        self._call = call

    def get(self) -> Workers:
        """How the threads that serve iSCSI work."""
        params: Params = {}
        return cast(Workers, self._call('worker.get', params))

    def set(self, busy_poll_us: int) -> Workers:
        """Change how they work without a restart."""
        params: Params = {'busy_poll_us': busy_poll_us}
        return cast(Workers, self._call('worker.set', params))


class Api:
    """The methods of the API, by noun."""

    def __init__(self, call: Call) -> None:
        self.acl = AclMethods(call)
        self.backstore = BackstoreMethods(call)
        self.config = ConfigMethods(call)
        self.daemon = DaemonMethods(call)
        self.discovery = DiscoveryMethods(call)
        self.event = EventMethods(call)
        self.job = JobMethods(call)
        self.log = LogMethods(call)
        self.lun = LunMethods(call)
        self.portal_group = PortalGroupMethods(call)
        self.reservation = ReservationMethods(call)
        self.rpc = RpcMethods(call)
        self.session = SessionMethods(call)
        self.stats = StatsMethods(call)
        self.target = TargetMethods(call)
        self.worker = WorkerMethods(call)
