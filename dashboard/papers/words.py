"""The words of the papers in both languages, but for causes, which have theirs in ``domain.evidence``.

The page has its own table (``dashboard/web/src/words``); a test compares the two.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from domain.evidence import Cause
from domain.host_clock import Witness
from domain.law import Verdict
from domain.plan import Target


class Language(StrEnum):
    """Chinese is the first language of every paper."""

    ZH = "zh"
    EN = "en"


VERDICTS: dict[Verdict, str] = {
    Verdict.PASS: "Pass",
    Verdict.FAIL: "Fail",
    Verdict.WARN: "Warning",
    Verdict.PENDING: "Pending",
    Verdict.UNKNOWN: "Unknown",
    Verdict.NOT_APPLICABLE: "Not applicable",
}

PHASES: dict[str, tuple[str, str]] = {
    "W1": ("入场", "Entry"),
    "W2": ("考试", "Exam"),
    "W3": ("收卷评分", "Papers and scores"),
}

# The same colours as on the page (dashboard/web/src/pure/palette.ts; a test compares them).
COVERED = "#7fa8d9"
NOT_YET = "#c9d0da"
# Of footage that shows nothing usable, and of footage of which nobody can tell.
UNUSABLE = "#3949ab"
DOUBTFUL = "#9e9d24"
MARK = "#00574b"  # of what was marked by people
COLOURS: dict[Cause, str] = {
    Cause.WITHHELD: "#00527a",
    Cause.DISK_FULL: "#4e342e",
    Cause.RECORDER_STOPPED: "#6a1b9a",
    Cause.CLOCK_STEP: "#00695c",
    Cause.OVERFLOW: "#8d5a00",
    Cause.SEGMENT_MISSING: "#ad1457",
    Cause.SEGMENT_DAMAGED: "#e0218a",
    Cause.CAMERA_DISCONNECTED: "#c62828",
    Cause.NO_DATA: "#e65100",
    Cause.PACKET_LOSS: "#f0b400",
    Cause.NO_CAMERA: "#546e7a",
    Cause.UNEXPLAINED: "#1b1b1b",
}


@dataclass(frozen=True, slots=True)
class Words:
    """Headings and sentences of the report in one language. ``{}`` is filled in by the template's data."""

    title: str
    subtitle: str
    batch: str
    sitting: str
    project: str
    site: str
    county: str
    rooms: str
    window: str
    opened: str
    closed: str
    made: str
    settled: str
    rule_pack: str
    verdict: str
    clauses: str
    clause: str
    grounds: str
    timeline: str
    footage: str
    not_settled: str
    station: str
    stations: str
    camera: str
    cameras: str
    room: str
    covered: str
    share: str
    gaps: str
    gap_count: str
    gap_total: str
    no_gaps: str
    unusable: str
    unusable_note: str
    unusable_picture: str
    doubtful_picture: str
    shown: str
    obstructed: str
    unverified: str
    measured: str  # what was measured, its limit
    stills: str
    stills_note: str  # how many are shown, of how many
    stills_where: str
    no_still: str
    moments: dict[str, str]  # by ``analysis.stills.Moment``, whose module opens pictures and is not loaded for words
    marks: str
    mark: str
    mark_at: str
    mark_written: str
    mark_by: str
    mark_told: str
    mark_after: str  # the marks that lie before it
    mark_corrected: str  # how often, why
    whose: str
    start: str
    end: str
    length: str
    cause: str
    seen_by: str
    recorded: str
    frames: str
    lost: str
    delay: str
    offset: str
    no_clock: str
    recorders: str
    backed_up: str
    backup_lag: str
    sources: str
    sources_note: str
    source: str
    drift: str
    host_clock: str
    clock_not_read: str
    clock_proven: str  # host, witness, error
    clock_unproven: str  # host, length
    clock_witnesses: dict[Witness, str]
    root: str
    no_root: str
    plan_cover: str
    save_cover: str
    not_saved: str
    signed_by: str
    because: str
    method: str
    method_steps: tuple[str, ...]
    method_no_pictures: str  # ... where none were
    method_plan: str  # the last step where a floor plan was checked
    method_no_plan: str
    expected: str
    where: str
    must_reach: str
    phases: str
    expected_cameras: str
    not_shown: str  # for how long
    by_register: str
    no_camera_reaches: str
    nearest: str  # which camera, with its density
    frozen: str  # when, scale, digest
    not_frozen: str
    altered: str
    drawn: str
    not_drawn: str
    floor_reaches: str
    floor_share: str
    floor_needed: str
    blind: str
    needs_level: str  # of what
    needs_share: str
    needs_floor: str
    needs_phases: str  # of what
    targets: dict[Target, str]
    method_pictures: str  # the last step where pictures were compared with references
    tolerance: str
    not_opened: str
    not_closed: str
    local_time: str
    pending_note: str
    signatures: tuple[str, ...]
    code: str
    exam_start: str
    exam_end: str
    technical: str
    resolution: str
    rate: str
    plan: str
    copies: str
    place: str
    device: str
    files: str
    size: str
    locked_until: str
    not_locked: str
    spool: str
    object_store: str
    number: str
    value: str
    origin: str
    reason: str
    seconds: str
    whole_batch: str


_ZH = Words(
    title="现场录像覆盖报告",
    subtitle="专项职业能力考核",
    batch="批次",
    sitting="场次",
    project="考核项目",
    site="定点考场",
    county="县(市、区)",
    rooms="考场",
    window="应录时段",
    opened="开考登记",
    closed="结束登记",
    made="报告生成",
    settled="录像核验至",
    rule_pack="规则版本",
    verdict="判定",
    clauses="条款判定",
    clause="条款",
    grounds="判定依据",
    timeline="时间轴",
    footage="有录像",
    not_settled="尚未核验",
    station="工位",
    stations="工位覆盖",
    camera="摄像机",
    cameras="摄像机录像",
    room="考场",
    covered="有录像时长",
    share="覆盖率",
    gaps="断档明细",
    gap_count="断档数",
    gap_total="断档合计",
    no_gaps="应录时段内没有断档。",
    unusable="画面不可用明细",
    unusable_note="以下时间有录像，但画面不可用、工位不可见或无法判定；不是断档，单独列出。",
    unusable_picture="有录像，画面不可用",
    doubtful_picture="有录像，无法判定",
    shown="画面情况",
    obstructed="被遮挡",
    unverified="无法判定",
    measured="测得 {}，限值 {}",
    stills="断档与画面异常截图",
    stills_note="断档与画面异常共 {1} 段，以下为最长的 {0} 段前后的画面，取自存档录像。打印即调看，已写入调看记录。",
    stills_where="本报告不含画面。断档与画面异常前后的画面可在网页上回放，或由可以保存录像的人另行打印带截图的报告；两者均写入调看记录。",
    no_still="没有可用的画面",
    moments={"before": "之前", "during": "期间", "after": "之后"},
    marks="时间标记",
    mark="标记",
    mark_at="时刻",
    mark_written="登记时刻",
    mark_by="登记人",
    mark_told="说明",
    mark_after="顺序异常：晚于{}",
    mark_corrected="更正 {} 次：{}",
    whose="对象",
    start="开始",
    end="结束",
    length="时长",
    cause="原因",
    seen_by="可见摄像机及原因",
    recorded="录像时长",
    frames="帧数",
    lost="丢包数",
    delay="最大延迟",
    offset="时钟偏差",
    no_clock="无摄像机时钟",
    recorders="录像服务",
    backed_up="已备份",
    backup_lag="备份滞后",
    sources="双机录像来源",
    sources_note="下列摄像机由多个录像服务同时录制。各段时间采用其中一个的录像，其中断时换用另一个。",
    source="采用",
    drift="时钟日差",
    host_clock="主机时钟",
    clock_not_read="未作核对记录",
    clock_proven="{}：已核对，依据{}，误差不超过 {}",
    clock_unproven="{}：其中 {} 的时间无法判定，录像存在不受影响",
    plan_cover="考前录像计划覆盖",
    save_cover="考后录像存储覆盖",
    not_saved="尚不能判定",
    signed_by="{} 于 {} 签署",
    because="原因：{}",
    root="录像根值",
    no_root="批次尚未结束，证据清单未签名",
    clock_witnesses={
        Witness.NTP: "NTP",
        Witness.SERVER: "对象存储服务器的时钟",
        Witness.CAMERAS: "多台摄像机的时钟（证明相互一致，不证明等于标准时间）",
    },
    method="覆盖的计算方法",
    method_steps=(
        "时间以录像主机时钟为准；所有时刻先取整到毫秒再计算，因此“有录像时长”与各断档时长之和等于应录时段。",
        "一台摄像机的一段时间算作有录像，须同时满足：有录像文件覆盖该时间，该文件至少有一份未删除的副本，且已打开并逐帧解码成功。",
        "其余时间均为断档，逐条列出，不论长短；原因取自录像服务的中断记录、录像文件的核验结果或录像服务的运行记录。",
        "同一摄像机由多个录像服务录制时，任一录像服务有录像即算有录像；备份只计不同存储设备上的副本，备份滞后自该段画面拍摄起计。",
        "一个工位的有录像时间，是能看到该工位的各摄像机有录像时间的并集；断档在任一摄像机的原因变化处分开。",
        "画面内容与摄像机视角不在本报告核验之列。",
    ),
    method_pictures="画面内容按至多每 2 秒一帧与开考时有效的基准画面比对；登记了画面区域的工位，"
    "只有在至少一路可用画面中可见才算可见，无法比对的时间一律为无法判定。"
    "未登记画面区域或无基准画面的工位，其画面内容未核验。",
    method_no_pictures="画面内容不在本报告核验之列。",
    method_plan="画有布点图的考场，按平面几何计算各位置能被哪台摄像机以规定的像素密度看到，以及地面死角；"
    "该清单在开考时冻结。布点图是考场方的陈述，与实际是否一致不在核验之列；未画布点图的考场以摄像机登记为准。",
    method_no_plan="平面图视野不在核验之列。",
    expected="应见位置",
    where="位置",
    must_reach="应达到",
    phases="阶段",
    expected_cameras="应由其看到的摄像机 (px/m)",
    not_shown="未见时长",
    by_register="据登记，像素密度未知",
    nearest="最接近：{}",
    no_camera_reaches="无摄像机达到",
    frozen="应见清单于 {} 开考时冻结（{}），SHA-256 {}",
    not_frozen="本场次未登记开考，应见清单未冻结，按现行设置生成。",
    altered="清单内容与摘要不符。",
    drawn="已画",
    not_drawn="未画",
    floor_reaches="地面应达到",
    floor_share="达到的比例",
    floor_needed="不低于",
    blind="完全看不到",
    needs_level="{}像素密度不低于",
    needs_share="一处须看到的比例不低于",
    needs_floor="地面须看到的比例不低于",
    needs_phases="{}须看到的阶段",
    targets={
        Target.STATION: "工位",
        Target.DOOR: "出入口",
        Target.PAPER_DESK: "试卷收发处",
        Target.ROOM: "全场",
    },
    tolerance="判定采用的数值",
    not_opened="未登记",
    not_closed="未结束",
    local_time="时间均为北京时间 (UTC+8)",
    pending_note="本场次尚未结束或录像尚未全部核验，以下为截至报告生成时的情况。",
    signatures=("考场负责人", "考评组长", "质量督导员", "日期"),
    code="报告编号及 JSON 摘要",
    exam_start="开考",
    exam_end="考试结束",
    technical="摄像机技术指标",
    resolution="分辨率",
    rate="平均帧率 (fps)",
    plan="布点图",
    copies="副本与锁定",
    place="存放处",
    device="存储设备",
    files="文件数",
    size="大小",
    locked_until="锁定至",
    not_locked="未锁定",
    spool="暂存盘",
    object_store="对象存储",
    number="数值名称",
    value="数值",
    origin="来源",
    reason="原文或理由",
    seconds="秒",
    whole_batch="全批次",
)

_EN = Words(
    title="Coverage report of on-site video",
    subtitle="Specific occupational skill assessment",
    batch="Batch",
    sitting="Sitting",
    project="Project",
    site="Exam site",
    county="County",
    rooms="Rooms",
    window="Required window",
    opened="Opened",
    closed="Closed",
    made="Report made",
    settled="Footage checked up to",
    rule_pack="Rule pack",
    verdict="Verdict",
    clauses="Verdict by clause",
    clause="Clause",
    grounds="Grounds",
    timeline="Timeline",
    footage="Footage",
    not_settled="Not settled yet",
    station="Station",
    stations="Coverage of stations",
    camera="Camera",
    cameras="Footage of cameras",
    room="Room",
    covered="Covered",
    share="Coverage",
    gaps="Gaps",
    gap_count="Gaps",
    gap_total="Total of gaps",
    no_gaps="There are no gaps in the required window.",
    unusable="Unusable pictures",
    unusable_note="There is footage of this time, but its pictures are useless, the station is not in view, or "
    "nobody can tell. These are no gaps, and listed apart from them.",
    unusable_picture="Footage, pictures unusable",
    doubtful_picture="Footage, nobody can tell",
    shown="What the pictures show",
    obstructed="obstructed",
    unverified="cannot be told",
    measured="measured {}, limit {}",
    stills="Pictures around gaps and unusable spans",
    stills_note="The longest {} of {} gaps and unusable spans, by pictures from archived footage. Printing them is a "
    "viewing, and was written down as one.",
    stills_where="There are no pictures in this report. What was to be seen around gaps and unusable spans can be "
    "played on the page, or printed by who may save footage; either is written down as a viewing.",
    no_still="no picture can be had",
    moments={"before": "Before", "during": "During", "after": "After"},
    marks="Time marks",
    mark="Mark",
    mark_at="Time",
    mark_written="Told at",
    mark_by="Told by",
    mark_told="Remarks",
    mark_after="out of order: later than {}",
    mark_corrected="corrected {} times: {}",
    whose="Station or camera",
    start="Start",
    end="End",
    length="Length",
    cause="Cause",
    seen_by="Cameras that see it, and causes",
    recorded="Recorded",
    frames="Frames",
    lost="Lost packets",
    delay="Largest delay",
    offset="Clock offset",
    no_clock="no camera clock",
    recorders="Recorders",
    backed_up="Backed up",
    backup_lag="Backup lag",
    sources="Sources of footage recorded twice",
    sources_note="More than one recorder recorded these cameras. Each part is shown from one of them; where it has "
    "nothing, from another.",
    source="Shown from",
    drift="Clock drift a day",
    host_clock="Host clock",
    clock_not_read="no record of checks",
    clock_proven="{}: checked by {}, at most {} off",
    clock_unproven="{}: the times of {} are unproven; that the footage exists stands",
    plan_cover="Recording plan before",
    save_cover="Footage stored after",
    not_saved="cannot be told yet",
    signed_by="signed by {} at {}",
    because="reason: {}",
    root="Root of footage",
    no_root="the batch is not closed, nothing is signed yet",
    clock_witnesses={
        Witness.NTP: "NTP",
        Witness.SERVER: "the object store's clock",
        Witness.CAMERAS: "several cameras' clocks (common time, not proof of the right time)",
    },
    method="How coverage is computed",
    method_steps=(
        "Time is the clock of the recording host. All instants are rounded to milliseconds before anything is "
        "computed, so that covered time and gaps add up to the required window exactly.",
        "A camera has footage of an instant if a segment covers it, at least one copy of that segment is left, and "
        "the segment was opened and every frame there decoded.",
        "All other time is a gap. Every gap is listed, however short; its cause comes from the recorder's outage "
        "records, from opening the segments, or from the recorder's own record of when it ran.",
        "Where several recorders record one camera, footage of any of them counts. Backed up is what lies on "
        "separate devices; the lag of the backup is counted from when the part was taken.",
        "A station is covered while any camera that sees it has footage. Its gaps are split where the cause of any "
        "of these cameras changes.",
        "What the pictures show, and from which angle, is not checked in this report.",
    ),
    method_pictures="Pictures at most 2 s apart are compared with the reference that was valid when the sitting "
    "opened. A station with a registered region counts as in view only where a usable picture shows it; time that "
    "cannot be compared is unknown. Of stations without region or reference no picture is checked.",
    method_no_pictures="Picture content is not checked by this report.",
    method_plan="Of rooms with a floor plan, geometry says which camera sees each place at the density that it "
    "needs, and which parts of the floor none sees; that list is frozen when the sitting opens. A plan is the "
    "site's word: whether it is true of the room is not checked. Rooms without a plan go by the register of cameras.",
    method_no_plan="The view of cameras on a floor plan is not checked.",
    expected="Places that must be seen",
    where="Place",
    must_reach="Must reach",
    phases="Phases",
    expected_cameras="Cameras that are to see it (px/m)",
    not_shown="Not seen",
    by_register="by the register, density unknown",
    nearest="nearest: {}",
    no_camera_reaches="no camera reaches it",
    frozen="Frozen when the sitting opened, {} ({}), SHA-256 {}",
    not_frozen="Nobody opened this sitting: nothing was frozen, this was made of the set-up as it is now.",
    altered="The list no longer matches its digest.",
    drawn="drawn",
    not_drawn="none",
    floor_reaches="Floor must reach",
    floor_share="Share that does",
    floor_needed="At least",
    blind="Seen by none",
    needs_level="Least density: {}",
    needs_share="Least share of a place that one camera shows",
    needs_floor="Least share of the floor that is seen",
    needs_phases="Must be seen in: {}",
    targets={
        Target.STATION: "station",
        Target.DOOR: "door",
        Target.PAPER_DESK: "paper desk",
        Target.ROOM: "whole room",
    },
    tolerance="Numbers the verdict rests on",
    not_opened="not opened",
    not_closed="not closed",
    local_time="All times are Beijing time (UTC+8)",
    pending_note="The sitting has not ended, or its footage is not fully checked; "
    "this is how things stood when the report was made.",
    signatures=("Head of the site", "Panel leader", "Supervisor", "Date"),
    code="number, hash of the JSON",
    exam_start="Exam began",
    exam_end="Exam ended",
    technical="Technical data of cameras",
    resolution="Resolution",
    rate="Mean frame rate (fps)",
    plan="Floor plan",
    copies="Copies and locks",
    place="Place",
    device="Storage device",
    files="Files",
    size="Size",
    locked_until="Locked until",
    not_locked="not locked",
    spool="Spool",
    object_store="Object store",
    number="Number",
    value="Value",
    origin="Origin",
    reason="Wording or reason",
    seconds="s",
    whole_batch="Whole batch",
)


def words(language: Language) -> Words:
    """All words of a language."""
    return _ZH if language is Language.ZH else _EN


def cause(which: Cause, language: Language) -> str:
    """A cause's name, as it stands alone in a table."""
    return which.zh if language is Language.ZH else which.en.capitalize()


def verdict(which: Verdict, language: Language) -> str:
    """A verdict's name."""
    return which.zh if language is Language.ZH else VERDICTS[which]


def phase(which: str, language: Language) -> str:
    """A phase's name, after its id."""
    return f"{which} {PHASES[which][0 if language is Language.ZH else 1]}"
