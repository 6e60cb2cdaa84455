// The words of the operations page, in both languages. What a check found is said by the machine, in English; what
// the part is and what to do about it is said here.

import { computed } from 'vue'

import type { Break, CheckedPart, CheckState, Deed, RecordName } from '@/api/types'
import { language } from '@/words'

import type { QueueName } from './operations'

export type AccountAct = 'disable' | 'reset' | 'recuse' | 'lift' | 'out'

interface OperationsWords {
  title: string
  link: string
  overview: string
  audit: string
  accounts: string
  noPermission: string
  health: string
  counts: (fails: number, notes: number) => string
  allWell: string
  notTried: string
  part: string
  found: string
  toDo: string
  wellParts: (count: number) => string
  states: Record<CheckState, string>
  parts: Record<CheckedPart, { name: string; toDo: string }>
  queues: string
  queueNames: Record<QueueName, string>
  queueHints: Record<QueueName, string>
  unknown: string
  notSet: string
  lostPlaces: (newest: string, places: string) => string
  unseen: (folder: string, segments: number) => string
  webhook: (name: string) => string
  webhookSays: (waiting: number, parked: number) => string
  spools: string
  spoolNames: [string, string]
  noAnswer: string
  free: (free: string, size: string) => string
  hours: (hours: number) => string
  needs: (size: string, until: string) => string
  short: (size: string, at: string) => string
  noneComing: string
  stores: string
  noStores: string
  storeNames: [string, string]
  answers: string
  answersNot: string
  uploads: (at: string) => string
  uploadsNot: (at: string) => string
  locksNot: string
  nobodyUploads: string
  backup: string
  noBackup: string
  backupAt: (at: string) => string
  backupOld: string
  forecast: string
  noForecast: string
  forecastSays: (cameras: number, day: string, year: string, kept: number) => string
  unmeasured: (count: number) => string
  year: (number: number) => string
  eachStore: (stores: number) => string
  needed: string
  there: string
  shortHere: string
  rates: { spool: string; cameras: string; upload: string; catchUp: string; reread: string }
  version: (version: string, database: string) => string
  acts: string
  viewings: string
  who: string
  batch: string
  since: string
  until: string
  search: string
  latest: string
  earlier: string
  noEntries: string
  number: string
  at: string
  what: string
  about: string
  camera: string
  footage: string
  outcome: string
  shown: string
  chain: string
  chainNow: string
  chainHint: string
  sound: (record: string, entries: number) => string
  unsealed: (count: number) => string
  unsigned: (count: number) => string
  broken: (record: string, count: number) => string
  brokenAt: (number: number, how: string) => string
  cannotCheck: string
  records: Record<RecordName, string>
  breaks: Record<Break, string>
  deeds: Record<Deed, string>
  actNames: Record<string, string>
  account: string
  role: string
  sees: string
  wholeCity: string
  ends: string
  state: string
  open: string
  closed: string
  ranOut: string
  firstPassword: string
  emergency: string
  factor: string
  noFactor: string
  noLogin: string
  recusedFrom: (batches: string) => string
  sessions: string
  action: string
  allRoles: string
  noAccounts: string
  add: string
  name: string
  nameHint: string
  county: string
  site: string
  batches: string
  batchesHint: string
  endsHint: string
  addSays: string[]
  made: (name: string, password: string) => string
  madeSilent: (name: string) => string
  madeHint: string
  putAway: string
  reason: string
  own: string
  do: Record<AccountAct, string>
  says: Record<AccountAct, (name: string) => string[]>
  done: Record<AccountAct, (name: string) => string>
  hostOnly: string
  refusals: Record<string, string>
  failed: string
}

const zh: OperationsWords = {
  title: '运维',
  link: '运维',
  overview: '运行状况',
  audit: '操作与调看记录',
  accounts: '账户',
  noPermission: '您的角色没有运维权限。运行状况由市级人员查看，记录由市级督导员与审计人员查看，账户由市级管理员管理。',
  health: '健康检查',
  counts: (fails, notes) => `${fails} 项异常 · ${notes} 项须留意`,
  allWell: '所查各项均正常。',
  notTried: '此处只做不占资源的检查。对象存储锁定、时间戳、识别模型等，请在主机上运行 kaojian doctor。',
  part: '检查项',
  found: '检查结果（主机原文）',
  toDo: '处理办法',
  wellParts: (count) => `${count} 项正常`,
  states: { ok: '正常', note: '须留意', unknown: '无法判定', fail: '异常' },
  parts: {
    clock: { name: '主机时钟', toDo: '在主机上启用时间同步（timedatectl set-ntp true），等待一分钟后再查。' },
    disk: { name: '暂存盘空间', toDo: '清理该磁盘或换用更大的磁盘；空间不足期间不能开考。' },
    ballast: { name: '应急预留空间', toDo: '清理该磁盘，预留空间会自动恢复。' },
    rows: { name: '数据库拒收的记录', toDo: '报告缺少这些记录。查看日志，按运维手册“被拒收的记录”处理。' },
    webhooks: { name: '告警推送', toDo: '修正告警推送文件或其密钥；期间告警无人接收。' },
    'identity provider': { name: '统一认证', toDo: '检查统一认证平台；期间可用密码登录。' },
    'time stamps': { name: '时间戳', toDo: '检查时间戳服务；期间可照常闭批，事后补盖。' },
    'stamps to come': { name: '待补时间戳', toDo: '确认本服务在运行且时间戳服务有应答。' },
    tls: { name: '网页证书', toDo: '在主机上运行 kaojian tls --renew，或向签发单位申请新证书。' },
    'sealed secrets': { name: '密钥加密保存', toDo: '在主机上运行 kaojian secret encrypt。' },
    detector: { name: '人员识别模型', toDo: '重新安装模型；期间不提示工位人数。' },
    'object store': { name: '对象存储', toDo: '检查对象存储服务与密钥。' },
    'object lock': { name: '对象存储锁定', toDo: '换用支持对象锁定的存储与存储桶。' },
    'second object store': { name: '第二对象存储', toDo: '检查第二对象存储服务与密钥。' },
    'second object lock': { name: '第二对象存储锁定', toDo: '换用支持对象锁定的存储与存储桶。' },
    database: { name: '数据库', toDo: '检查数据库服务与地址。' },
    glass: { name: '紧急进入', toDo: '不再需要时停用该账户。' },
    backup: { name: '备份', toDo: '在主机上运行 kaojian backup；没有恢复密钥时先运行 kaojian backup --new-key。' },
    secrets: { name: '摄像机密钥', toDo: '在主机上用 kaojian secret set 补齐缺少的密钥。' },
    spool: { name: '暂存盘', toDo: '检查该磁盘是否挂载、是否属于本机录像服务。' },
    'second spool': { name: '第二暂存盘', toDo: '检查该磁盘是否挂载，并放在独立的设备上。' },
    'second copies': { name: '第二份副本', toDo: '检查第二暂存盘是否挂载、有无空间，录像服务是否运行。' },
    'head-room': { name: '后续场次所需空间', toDo: '在空间用尽前清理磁盘、换用更大的磁盘，或加快上传。' },
    'rule packs': { name: '规则包', toDo: '修正规则包文件或其文件夹设置；期间相关批次无法判定。' },
  },
  queues: '待处理队列',
  queueNames: {
    analysis: '待打开核验',
    look: '待核验画面',
    given_up: '画面无法核验',
    store: '待上传对象存储',
    second_store: '待存入第二对象存储',
    reread: '待复读副本',
    rows_set_aside: '数据库拒收的记录',
    lost: '近 30 天丢失的副本',
  },
  queueHints: {
    analysis: '已录完、尚未打开核验的录像文件',
    look: '已打开、画面尚未核验的文件',
    given_up: '已不再尝试；报告对其注明无法判定',
    store: '尚无对象存储副本，仍占用暂存盘',
    second_store: '只在一处对象存储，应在两处',
    reread: '到期应重新读取核对的副本',
    rows_set_aside: '报告缺少这些记录',
    lost: '复读时缺失或损坏；另有副本的会自动补做',
  },
  unknown: '无法判定',
  notSet: '未设置',
  lostPlaces: (newest, places) => `最近一次发现于 ${newest}，位置：${places}。请检查该磁盘或存储。`,
  unseen: (folder, segments) => `${folder} 存有 ${segments} 个待核验文件的唯一副本，此处不可见；请挂载，或在其主机上核验。`,
  webhook: (name) => `告警推送 ${name}`,
  webhookSays: (waiting, parked) => `待发 ${waiting} · 搁置 ${parked}`,
  spools: '暂存盘',
  spoolNames: ['暂存盘', '第二暂存盘'],
  noAnswer: '磁盘无应答，空间无法判定',
  free: (free, size) => `保留量之外可用 ${free}，磁盘 ${size}`,
  hours: (hours) => `按全部摄像机同时录像，还可录 ${hours} 小时`,
  needs: (size, until) => `后续场次至 ${until} 共需 ${size}`,
  short: (size, at) => `空间不足：缺 ${size}，${at} 用尽`,
  noneComing: '没有待考场次',
  stores: '对象存储与备份',
  noStores: '未设置对象存储：录像只在暂存盘，六（二）5 无法满足。',
  storeNames: ['对象存储', '第二对象存储'],
  answers: '有应答',
  answersNot: '无应答',
  uploads: (at) => `上传正常（${at}）`,
  uploadsNot: (at) => `${at} 起无法存入：`,
  locksNot: '锁定无效：',
  nobodyUploads: '本机没有上传记录',
  backup: '备份',
  noBackup: '尚无已锁定的备份',
  backupAt: (at) => `最近一次于 ${at} 锁定保存`,
  backupOld: '距今超过 2 天',
  forecast: '存储预测',
  noForecast: '尚未安排场次，或规则包无法读取，无从预测。',
  forecastSays: (cameras, day, year, kept) => `最多 ${cameras} 路同时录像，最重考试日 ${day}，每年 ${year}（按最忙的一年计），保存 ${kept} 年。`,
  unmeasured: (count) => `其中 ${count} 路从未录过，按设置的码率估算。`,
  year: (number) => `第 ${number} 年末`,
  eachStore: (stores) => (stores > 1 ? `每处对象存储（共 ${stores} 处）` : '对象存储'),
  needed: '需要',
  there: '现有或设定',
  shortHere: '不足',
  rates: { spool: '每个暂存盘（对象存储停用 3 个考试日）', cameras: '摄像机网络', upload: '上传带宽（实时备份）', catchUp: '上传带宽下限（一天补齐）', reread: '复读速度' },
  version: (version, database) => `考鉴 ${version} · ${database}`,
  acts: '操作记录',
  viewings: '调看记录',
  who: '何人',
  batch: '批次',
  since: '起（北京时间）',
  until: '止（北京时间）',
  search: '查询',
  latest: '最新',
  earlier: '更早',
  noEntries: '没有符合条件的记录。',
  number: '序号',
  at: '时间',
  what: '事项',
  about: '对象与说明',
  camera: '摄像机',
  footage: '录像时段',
  outcome: '结果',
  shown: '已放行',
  chain: '记录链校验',
  chainNow: '立即校验',
  chainHint: '自第一条起逐条校验签名、次序与封记；记录多时需要一些时间。与对象存储中日封的比对由主机命令 kaojian check 完成。',
  sound: (record, entries) => `${record} ${entries} 条：完整`,
  unsealed: (count) => `，其中 ${count} 条尚未封记`,
  unsigned: (count) => `，其中 ${count} 条早于签名启用`,
  broken: (record, count) => `${record}：${count} 处断裂`,
  brokenAt: (number, how) => `第 ${number} 条${how}`,
  cannotCheck: '本服务无法校验记录链，请在主机上运行 kaojian check。',
  records: { viewings: '调看记录', journal: '操作记录' },
  breaks: {
    missing: '缺失',
    changed: '被改动',
    out_of_place: '次序不符',
    not_signed: '签名不符',
    not_as_sealed: '与封记不符',
    seals_gone: '及之前的封记文件缺失',
    seal_not_signed: '日封不符',
  },
  deeds: {
    open: '打开录像',
    fetch: '播放',
    save: '下载',
    find: '检索',
    live: '开始实时观看',
    leave: '停止实时观看',
    snapshot: '截取画面',
    enter: '紧急进入',
    ask: '申请调阅',
    approve: '批准调阅',
    decline: '不予调阅',
    end: '收回调阅',
    withdraw: '撤回申请',
  },
  actNames: {
    add_account: '新建账户',
    disable_account: '停用账户',
    reset_password: '重置密码',
    reset_factor: '取消动态口令',
    end_sessions: '结束登录',
    recuse: '回避',
    lift_recusal: '解除回避',
    link_account: '绑定统一认证',
    unlink_account: '解除绑定',
    change_password: '修改密码',
    enrol_factor: '启用动态口令',
    remove_factor: '停用动态口令',
    use_recovery_code: '使用恢复码',
    add_token: '新建令牌',
    revoke_token: '吊销令牌',
    apply_site: '设置考场',
    apply_batch: '安排批次',
    open_sitting: '开考',
    close_sitting: '闭考',
    mark_sitting: '标记时间',
    check_sitting: '考前检查',
    confirm_sitting: '核对确认',
    close_batch: '闭批签名',
    amend_batch: '更正证据清单',
    hold_batch: '封存批次',
    lift_hold_of_batch: '解除封存',
    back_up: '备份',
    save_backup: '导出备份',
    restore_backup: '恢复备份',
    rotate_key: '更换签名密钥',
    export_batch: '导出批次录像',
    copy_records: '复制记录',
    set_secret: '设置密钥',
    approve_disposal: '批准处置',
    decline_disposal: '不予处置',
    void_disposal: '处置作废',
    confirm_withholding: '认定误摄',
    decline_withholding: '未予认定误摄',
    break_glass: '紧急进入',
    add_model: '安装识别模型',
    remove_model: '移除识别模型',
    encrypt_secret: '加密凭据',
    rekey_secrets: '更换凭据密钥',
    new_recovery_key: '新建恢复密钥',
    test_webhook: '试发推送',
    try_camera: '测试摄像机',
    make_reference: '生成基准画面',
    read_labels: '识读工位号牌',
    enter_grounds: '登记考场资料',
    import_roster: '导入花名册',
    export_roster: '导出花名册',
    make_plan: '制订考核计划',
    review_first: '初审',
    submit_candidates: '上报考生',
    decide_candidates: '审核考生',
    give_feedback: '反馈审核结果',
    withdraw_candidate: '考生退出',
    import_panels: '导入考评小组',
    change_station: '换工位',
    leave_station: '离开工位',
    note_violation: '登记违纪',
    hand_papers: '试卷交接',
    print_papers: '印制试卷',
    receive_package: '接收考题包',
    say_no_papers: '说明不发试卷',
    order_marking: '安排阅卷',
    write_room_record: '填写考场记录表',
    sign_room_record: '签署考场记录表',
    enter_supervisor: '登记督导员',
    recuse_supervisor: '督导员回避',
    publish_pool: '公布抽取名单',
    commit_to_draw: '抽取承诺',
    reveal_for_draw: '揭示抽取密数',
    make_draw: '抽取',
    replace_in_draw: '替换抽取结果',
    begin_visit_of_batch: '开始督导',
    answer_in_visit_of_batch: '填写督导清单',
    find_in_visit_of_batch: '登记督导问题',
    end_visit_of_batch: '结束督导',
    feed_back_on_batch: '反馈督导意见',
    publish_visit_of_batch: '公开督导结果',
    arrive_sitting: '考评员到场',
    leave_sitting: '考评员离场',
    remark_sitting: '说明确认',
    try_sitting: '试录',
    score_batch: '评分',
    sign_score_batch: '签署成绩',
    confirm_score_batch: '复核成绩',
    transcribe_scores_batch: '录入纸质成绩',
    hand_in_results_batch: '提交机考成绩',
    add_scoring_system: '登记评分系统',
    revoke_scoring_system: '吊销评分系统',
    decide_certificate: '制证审核',
    take_exit: '适用放行情形',
    confirm_exit: '复核放行情形',
    certify_batch: '制证',
    imprint_batch: '证书用印',
    reprint_batch: '补证',
    print_certificates_batch: '打印证书',
    export_certificates_batch: '导出证书数据',
    revoke_certificate_batch: '注销证书',
    deliver_forms: '入库空白证书',
    count_forms: '盘点空白证书',
    spoil_form: '作废空白证书',
    query_certificates: '省平台查询',
    import_claims: '导入补贴申领',
    make_receipt: '出具证据回执',
    file_scan: '归档扫描件',
    fetch_scan: '查看扫描件',
    restore_scan: '恢复扫描件',
    dispose_scan: '销毁扫描件',
    lock_dossier: '锁定档案',
    export_film_of_batch: '导出视频',
    finish_export_of_batch: '导出完成',
    break_off_export_of_batch: '导出中断',
    make_screener_of_batch: '制作带水印副本',
    finish_screener_of_batch: '带水印副本完成',
    break_off_screener_of_batch: '带水印副本中断',
    withhold_footage: '误摄扣留',
    end_withholding: '结束误摄扣留',
    destroy_withheld_footage: '销毁误摄录像',
    propose_disposal: '提出处置',
    order_disposal_of_batch: '签发处置令',
    certify_destruction_of_batch: '出具销毁证明',
  },
  account: '账户名',
  role: '角色',
  sees: '范围',
  wholeCity: '全市',
  ends: '有效期至',
  state: '状态',
  open: '可用',
  closed: '已停用',
  ranOut: '已到期',
  firstPassword: '初始密码待改',
  emergency: '紧急账户',
  factor: '动态口令已启用',
  noFactor: '无动态口令',
  noLogin: '不登录，只用令牌',
  recusedFrom: (batches) => `回避：${batches}`,
  sessions: '登录中',
  action: '操作',
  allRoles: '全部',
  noAccounts: '没有这一角色的账户。',
  add: '新建账户',
  name: '账户名',
  nameHint: '2 至 40 个小写字母、数字或 . _ -，以字母开头；停用后也不再给他人使用',
  county: '所辖区县',
  site: '所在考场',
  batches: '批次',
  batchesHint: '按住 Ctrl 可选多个',
  endsHint: '审计人员必填，其余可不填',
  addSays: ['新账户的范围建好后不能更改；需要另一范围时，停用后另建。', '谁建了账户、何时、给什么角色，都写入操作记录，由市级督导员与审计人员查看。'],
  made: (name, password) => `账户 ${name} 的初始密码：${password}`,
  madeSilent: (name) => `账户 ${name} 已建立。此角色不登录；请在主机上运行 kaojian token add ${name}。`,
  madeHint: '只显示这一次，任何地方都不再保存。请当面或电话告知本人，首次登录必须修改。',
  putAway: '已告知，不再显示',
  reason: '理由（5 至 200 个字符，写入操作记录）',
  own: '本人账户',
  do: { disable: '停用', reset: '重置密码', recuse: '回避', lift: '解除回避', out: '结束登录' },
  says: {
    disable: (name) => [`将永久停用账户 ${name}，不能恢复。`, '正在使用的人及其程序立即退出，账户名不再给他人使用。'],
    reset: (name) => [`将为 ${name} 另设初始密码，原密码作废。`, '正在使用的人及其程序立即退出；动态口令不变。'],
    recuse: (name) => [`${name} 将立即看不到该批次的场次、报告与录像。`],
    lift: (name) => [`${name} 将重新看到该批次。`],
    out: (name) => [`将结束 ${name} 的全部登录，须重新登录。程序的令牌不受影响。`],
  },
  done: {
    disable: (name) => `账户 ${name} 已停用。`,
    reset: (name) => `${name} 的密码已重置。`,
    recuse: (name) => `${name} 已回避。`,
    lift: (name) => `${name} 的回避已解除。`,
    out: (name) => `${name} 的登录已结束。`,
  },
  hostOnly: '取消动态口令、绑定统一认证、发放程序令牌与紧急进入，只能在主机上由命令完成。',
  refusals: {
    'account-refused': '不能这样做：请核对账户名、范围与有效期；本人账户须由其他管理员处理。',
    'name-taken': '这个账户名用过了，停用的也不能再用。请另取一个。',
    'unknown-account': '没有这个账户。',
    'unknown-batch': '没有该批次，或您已回避该批次。',
    'invalid-request': '请检查所填内容与字数。',
    'not-allowed': '您的角色没有此项权限。',
    'database-unavailable': '数据库没有应答，请稍后再试。',
  },
  failed: '未能完成，请稍后再试。',
}

const en: OperationsWords = {
  title: 'Operations',
  link: 'Operations',
  overview: 'How it stands',
  audit: 'Acts and viewings',
  accounts: 'Accounts',
  noPermission: 'Your role has no part in operations. The city sees how the installation stands, city supervisors and auditors read the records, the city administrator keeps the accounts.',
  health: 'Health',
  counts: (fails, notes) => `${fails} failing · ${notes} to note`,
  allWell: 'All that was looked at is well.',
  notTried: 'Only what costs nothing is looked at here. Run kaojian doctor on the host for object lock, time stamps and the model.',
  part: 'Part',
  found: 'Found, as the host says it',
  toDo: 'What to do',
  wellParts: (count) => `${count} parts are well`,
  states: { ok: 'Well', note: 'To note', unknown: 'Unknown', fail: 'Failing' },
  parts: {
    clock: { name: 'Clock of the host', toDo: 'Turn time synchronisation on (timedatectl set-ntp true), and wait a minute.' },
    disk: { name: 'Space of the spool', toDo: 'Make room there or take a larger disk; until then no sitting is opened.' },
    ballast: { name: 'Ballast', toDo: 'Make room on that disk; the ballast is then taken again.' },
    rows: { name: 'Rows that the database refused', toDo: 'Reports lack them. See the log, and the manual on rows set aside.' },
    webhooks: { name: 'Webhooks', toDo: 'Mend the file of webhooks or its secret; until then nobody is told of failures.' },
    'identity provider': { name: 'Identity provider', toDo: 'See that it runs; passwords go on working.' },
    'time stamps': { name: 'Time stamps', toDo: 'See that the authority answers; batches are stamped later.' },
    'stamps to come': { name: 'Stamps to come', toDo: 'See that the service runs and the authority answers.' },
    tls: { name: 'Certificate of the page', toDo: 'Run kaojian tls --renew on the host, or ask for another one where this came from.' },
    'sealed secrets': { name: 'Sealed secrets', toDo: 'Run kaojian secret encrypt on the host.' },
    detector: { name: 'Model that finds people', toDo: 'Install it again; until then nothing is said of people at stations.' },
    'object store': { name: 'Object store', toDo: 'See that the server runs, and its keys.' },
    'object lock': { name: 'Object lock', toDo: 'Use a store and a bucket with object lock.' },
    'second object store': { name: 'Second object store', toDo: 'See that the server runs, and its keys.' },
    'second object lock': { name: 'Lock of the second store', toDo: 'Use a store and a bucket with object lock.' },
    database: { name: 'Database', toDo: 'See that it runs, and its address.' },
    glass: { name: 'Broken glass', toDo: 'Close the account when it is no longer needed.' },
    backup: { name: 'Backup', toDo: 'Run kaojian backup on the host; without a recovery key, kaojian backup --new-key first.' },
    secrets: { name: 'Secrets of cameras', toDo: 'Set what is missing with kaojian secret set on the host.' },
    spool: { name: 'Spool', toDo: 'See that its disk is mounted and belongs to the recorder of this host.' },
    'second spool': { name: 'Second spool', toDo: 'See that its disk is mounted, on a device of its own.' },
    'second copies': { name: 'Second copies', toDo: 'See that the second spool is mounted, has room, and the recorder runs.' },
    'head-room': { name: 'Head-room for coming sittings', toDo: 'Before it is full, make room, take a larger disk, or make uploads faster.' },
    'rule packs': { name: 'Rule packs', toDo: 'Mend the file or the setting of its folder; until then those batches cannot be judged.' },
  },
  queues: 'Queues',
  queueNames: {
    analysis: 'To be opened',
    look: 'To be looked at',
    given_up: 'Not to be looked at',
    store: 'To the object store',
    second_store: 'To the second store',
    reread: 'To be read again',
    rows_set_aside: 'Rows refused',
    lost: 'Copies lost in 30 days',
  },
  queueHints: {
    analysis: 'Files that were recorded and nobody opened yet',
    look: 'Files that were opened, and their pictures not looked at',
    given_up: 'Nobody tries any more; reports call them unknown',
    store: 'Without a copy there, and still in the spool',
    second_store: 'In one object store, and to be in two',
    reread: 'Copies that are due to be read and compared',
    rows_set_aside: 'Reports lack them',
    lost: 'Missing or damaged when read again; others are made where one still stands',
  },
  unknown: 'Unknown',
  notSet: 'Not set up',
  lostPlaces: (newest, places) => `The last one was found ${newest}, in ${places}. Check that disk or store.`,
  unseen: (folder, segments) => `${folder} has the only copies of ${segments} files to be opened and is not visible here: mount it, or open them on its host.`,
  webhook: (name) => `Webhook ${name}`,
  webhookSays: (waiting, parked) => `${waiting} waiting · ${parked} parked`,
  spools: 'Spools',
  spoolNames: ['Spool', 'Second spool'],
  noAnswer: 'The disk does not answer: its space is unknown',
  free: (free, size) => `${free} free beyond the reserve, of a disk of ${size}`,
  hours: (hours) => `${hours} h with all cameras recording at once`,
  needs: (size, until) => `The coming sittings need ${size} until ${until}`,
  short: (size, at) => `${size} short, full at ${at}`,
  noneComing: 'No sitting is planned',
  stores: 'Object stores and backup',
  noStores: 'No object store is set: footage lies in the spool only, and C6.2-5 cannot be met.',
  storeNames: ['Object store', 'Second object store'],
  answers: 'Answers',
  answersNot: 'Does not answer',
  uploads: (at) => `Uploads go well (${at})`,
  uploadsNot: (at) => `Takes nothing since ${at}: `,
  locksNot: 'Locks do not hold: ',
  nobodyUploads: 'Nobody uploaded from this host',
  backup: 'Backup',
  noBackup: 'None was brought under lock yet',
  backupAt: (at) => `The newest was brought under lock ${at}`,
  backupOld: 'more than 2 days ago',
  forecast: 'Storage forecast',
  noForecast: 'No sitting is set up, or a rule pack cannot be read: nothing can be forecast.',
  forecastSays: (cameras, day, year, kept) => `At most ${cameras} cameras at once, ${day} on the heaviest day, ${year} a year were every year like the busiest, kept ${kept} years.`,
  unmeasured: (count) => `${count} of them were never recorded and are counted as the settings expect.`,
  year: (number) => `End of year ${number}`,
  eachStore: (stores) => (stores > 1 ? `Each of ${stores} object stores` : 'Object store'),
  needed: 'Needed',
  there: 'There, or set',
  shortHere: 'Short',
  rates: { spool: 'Each spool (3 exam days without object store)', cameras: 'Network, from cameras', upload: 'Upload, to keep up with recording', catchUp: 'Upload, at least (to catch up in a day)', reread: 'Reading again' },
  version: (version, database) => `Kaojian ${version} · ${database}`,
  acts: 'Acts',
  viewings: 'Viewings',
  who: 'Who',
  batch: 'Batch',
  since: 'From (Beijing time)',
  until: 'Until (Beijing time)',
  search: 'Search',
  latest: 'Latest',
  earlier: 'Earlier',
  noEntries: 'No entry is like that.',
  number: 'No.',
  at: 'When',
  what: 'What',
  about: 'To what',
  camera: 'Camera',
  footage: 'Footage of',
  outcome: 'Outcome',
  shown: 'let through',
  chain: 'Chain of the records',
  chainNow: 'Check now',
  chainHint: 'Checks signatures, order and seals from the first entry on, which takes a while for long records. Seals of days in the object store are compared by kaojian check on the host.',
  sound: (record, entries) => `${record}, ${entries} entries: whole`,
  unsealed: (count) => `, ${count} of them not sealed yet`,
  unsigned: (count) => `, ${count} of them from before signatures`,
  broken: (record, count) => `${record}: broken in ${count} places`,
  brokenAt: (number, how) => `entry ${number} ${how}`,
  cannotCheck: 'The records cannot be checked by this service: run kaojian check on the host.',
  records: { viewings: 'Viewings', journal: 'Acts' },
  breaks: {
    missing: 'is missing',
    changed: 'was changed',
    out_of_place: 'is out of place',
    not_signed: 'is not signed by us',
    not_as_sealed: 'is not the one that was sealed',
    seals_gone: 'and those before: the file of seals is gone',
    seal_not_signed: 'has a seal of its day that does not hold',
  },
  deeds: {
    open: 'opened footage',
    fetch: 'played',
    save: 'saved',
    find: 'looked up',
    live: 'began to watch live',
    leave: 'left live pictures',
    snapshot: 'took a snapshot',
    enter: 'broke the glass',
    ask: 'asked for a permit',
    approve: 'approved a permit',
    decline: 'declined a permit',
    end: 'ended a permit',
    withdraw: 'withdrew a request',
  },
  actNames: {
    add_account: 'made an account',
    disable_account: 'closed an account',
    reset_password: 'reset a password',
    reset_factor: 'took a second factor away',
    end_sessions: 'ended sessions',
    recuse: 'recused',
    lift_recusal: 'lifted a recusal',
    link_account: 'linked an account',
    unlink_account: 'unlinked an account',
    change_password: 'changed a password',
    enrol_factor: 'set a second factor up',
    remove_factor: 'removed a second factor',
    use_recovery_code: 'used a recovery code',
    add_token: 'made a token',
    revoke_token: 'revoked a token',
    apply_site: 'set a site up',
    apply_batch: 'planned a batch',
    open_sitting: 'opened a sitting',
    close_sitting: 'closed a sitting',
    mark_sitting: 'marked a time',
    check_sitting: 'checked before the exam',
    confirm_sitting: 'confirmed by hand',
    close_batch: 'closed and signed a batch',
    amend_batch: 'amended a manifest',
    hold_batch: 'held a batch',
    lift_hold_of_batch: 'lifted a hold',
    back_up: 'backed up',
    save_backup: 'saved a backup',
    restore_backup: 'restored a backup',
    rotate_key: 'changed the signing key',
    export_batch: 'exported footage of a batch',
    copy_records: 'copied the records',
    set_secret: 'set a secret',
    approve_disposal: 'approved a disposal',
    decline_disposal: 'declined a disposal',
    void_disposal: 'voided a disposal',
    confirm_withholding: 'confirmed a withholding',
    decline_withholding: 'declined a withholding',
    break_glass: 'broke the glass',
    add_model: 'added a model',
    remove_model: 'removed a model',
    encrypt_secret: 'sealed a secret',
    rekey_secrets: 'changed the key of secrets',
    new_recovery_key: 'made a recovery key',
    test_webhook: 'tried a webhook',
    try_camera: 'tried a camera',
    make_reference: 'made a reference',
    read_labels: 'read labels',
    enter_grounds: 'entered grounds',
    import_roster: 'took in a roster',
    export_roster: 'gave out a roster',
    make_plan: 'made a plan',
    review_first: 'reviewed first',
    submit_candidates: 'submitted candidates',
    decide_candidates: 'decided on candidates',
    give_feedback: 'told the result',
    withdraw_candidate: 'withdrew a candidate',
    import_panels: 'took in panels',
    change_station: 'changed a station',
    leave_station: 'left a station',
    note_violation: 'noted a violation',
    hand_papers: 'handed papers over',
    print_papers: 'printed papers',
    receive_package: 'received a package',
    say_no_papers: 'said there are no papers',
    order_marking: 'ordered marking',
    write_room_record: 'wrote a room record',
    sign_room_record: 'signed a room record',
    enter_supervisor: 'entered a supervisor',
    recuse_supervisor: 'recused a supervisor',
    publish_pool: 'published a pool',
    commit_to_draw: 'committed to a draw',
    reveal_for_draw: 'revealed for a draw',
    make_draw: 'made a draw',
    replace_in_draw: 'replaced in a draw',
    begin_visit_of_batch: 'began a visit',
    answer_in_visit_of_batch: 'answered in a visit',
    find_in_visit_of_batch: 'entered a finding',
    end_visit_of_batch: 'ended a visit',
    feed_back_on_batch: 'gave feedback',
    publish_visit_of_batch: 'published a visit',
    arrive_sitting: 'wrote who came to examine',
    leave_sitting: 'wrote who left',
    remark_sitting: 'added a remark',
    try_sitting: 'recorded a trial',
    score_batch: 'gave a mark',
    sign_score_batch: 'signed a mark',
    confirm_score_batch: 'confirmed a mark',
    transcribe_scores_batch: 'transcribed marks',
    hand_in_results_batch: 'handed in results',
    add_scoring_system: 'added a scoring system',
    revoke_scoring_system: 'revoked a scoring system',
    decide_certificate: 'decided on a certificate',
    take_exit: 'took an exit',
    confirm_exit: 'confirmed an exit',
    certify_batch: 'issued certificates',
    imprint_batch: 'imprinted certificates',
    reprint_batch: 'issued a certificate again',
    print_certificates_batch: 'printed certificates',
    export_certificates_batch: 'gave out certificates',
    revoke_certificate_batch: 'revoked a certificate',
    deliver_forms: 'took in blank forms',
    count_forms: 'counted blank forms',
    spoil_form: 'spoilt a blank form',
    query_certificates: 'looked certificates up',
    import_claims: 'took in claims',
    make_receipt: 'made a receipt',
    file_scan: 'filed a scan',
    fetch_scan: 'looked at a scan',
    restore_scan: 'restored a scan',
    dispose_scan: 'destroyed a scan',
    lock_dossier: 'locked a dossier',
    export_film_of_batch: 'exported a film',
    finish_export_of_batch: 'finished an export',
    break_off_export_of_batch: 'broke an export off',
    make_screener_of_batch: 'made a screener',
    finish_screener_of_batch: 'finished a screener',
    break_off_screener_of_batch: 'broke a screener off',
    withhold_footage: 'withheld footage',
    end_withholding: 'ended a withholding',
    destroy_withheld_footage: 'destroyed withheld footage',
    propose_disposal: 'proposed a disposal',
    order_disposal_of_batch: 'ordered a disposal',
    certify_destruction_of_batch: 'certified a destruction',
  },
  account: 'Account',
  role: 'Role',
  sees: 'Sees',
  wholeCity: 'whole city',
  ends: 'Until',
  state: 'State',
  open: 'Open',
  closed: 'Closed',
  ranOut: 'Run out',
  firstPassword: 'first password',
  emergency: 'emergency account',
  factor: 'second factor set up',
  noFactor: 'no second factor',
  noLogin: 'by tokens only',
  recusedFrom: (batches) => `recused from ${batches}`,
  sessions: 'Sessions',
  action: 'Action',
  allRoles: 'All',
  noAccounts: 'No account has that role.',
  add: 'New account',
  name: 'Name',
  nameHint: '2 to 40 of a-z 0-9 . _ -, beginning with a letter; never given to another, even when it is closed',
  county: 'County',
  site: 'Site',
  batches: 'Batches',
  batchesHint: 'Several with Ctrl',
  endsHint: 'auditors need one',
  addSays: ['What an account sees cannot be changed: for another scope, close it and make another.', 'Who made which account, when and as what, goes into the records, which city supervisors and auditors read.'],
  made: (name, password) => `First password of ${name}: ${password}`,
  madeSilent: (name) => `Account ${name} is there. Nobody logs in as this role: run kaojian token add ${name} on the host.`,
  madeHint: 'Shown this once and kept nowhere. Tell the person face to face or by telephone; it must be changed at the first login.',
  putAway: 'I have passed it on',
  reason: 'Reason (5 to 200 characters, for the records)',
  own: 'your own',
  do: { disable: 'Close', reset: 'Reset password', recuse: 'Recuse', lift: 'Lift recusal', out: 'Log out' },
  says: {
    disable: (name) => [`Closes the account ${name} for good; it cannot be opened again.`, 'Whoever uses it, and its programs, are out at once. Nobody else is ever given the name.'],
    reset: (name) => [`Makes another first password for ${name}; the old one is worth nothing.`, 'Whoever uses the account, and its programs, are out at once. The second factor stays.'],
    recuse: (name) => [`${name} sees nothing of that batch any more: no sitting, report or footage.`],
    lift: (name) => [`${name} sees that batch again.`],
    out: (name) => [`Ends all sessions of ${name}, who has to log in again. Tokens of programs stay.`],
  },
  done: {
    disable: (name) => `Account ${name} is closed.`,
    reset: (name) => `The password of ${name} was reset.`,
    recuse: (name) => `${name} is recused.`,
    lift: (name) => `The recusal of ${name} was lifted.`,
    out: (name) => `The sessions of ${name} ended.`,
  },
  hostOnly: 'Taking a second factor away, linking to the identity provider, tokens for programs and breaking the glass are commands on the host only.',
  refusals: {
    'account-refused': 'That cannot be: look at the name, the scope and the end again. Your own account is for another administrator.',
    'name-taken': 'That name was used before, and no name is used twice. Take another.',
    'unknown-account': 'There is no such account.',
    'unknown-batch': 'There is no such batch, or you are recused from it.',
    'invalid-request': 'Look at the words and their length again.',
    'not-allowed': 'Your role may not do this.',
    'database-unavailable': 'The database does not answer. Try again later.',
  },
  failed: 'That did not work. Try again later.',
}

export const operationsWords = computed(() => (language.value === 'zh' ? zh : en))

/** What to tell a person of a refusal of that type, `urn:kaojian:problem:...`. */
export function operationsRefusal(kind: string): string {
  return operationsWords.value.refusals[kind.split(':').at(-1) ?? ''] ?? operationsWords.value.failed
}
