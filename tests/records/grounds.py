"""A site's grounds as YAML, complete and in order, to be bent by the tests; invented people and bodies. Not tests."""

from __future__ import annotations

from datetime import UTC, datetime

NOW = datetime(2026, 6, 1, 2, 0, tzinfo=UTC)  # 10:00 in Shaoguan, a month after the exam
PROJECT = "中式面点制作"

INSTITUTIONS = """\
institutions:
  - {id: lianxi, name: 韶关莲溪职业培训学校, code: "44020301"}
"""
PREMISES = """\
premises:
  - site: sg-001
    kind: fixed
    stays:
      - {since: 2024-01-01, institution: lianxi, address: 韶关市浈江区示范路1-2号, postcode: "512000"}
"""
CONDITIONS = """\
    conditions:
      - {requirement: offices, met: true}
      - {requirement: office_equipment, met: true}
      - {requirement: working_material, met: true}
      - {requirement: premises, met: true}
      - {requirement: equipment, met: true}
      - {requirement: management, met: true}
      - {requirement: staff, met: true}
      - {requirement: regulations, met: true}
"""
APPLIED = f"""\
approvals:
  - id: form-1
    site: sg-001
    institution: lianxi
    applicant: 韶关莲溪职业培训学校
    head: 钟示范
    phone: 0751-0000001
    address: 韶关市浈江区示范路1-2号
    postcode: "512000"
    projects: [中式面点制作, 粤菜制作]
{CONDITIONS}"""
ACCEPTED = """\
    acceptance: {day: 2026-01-05, officer: 丘经办}
"""
REVIEWED = """\
    review: {text: 材料齐全，场地与设备符合考核规范，同意上报。, agrees: true, day: 2026-01-12}
    reviewers:
      - {name: 温评审, employer: 韶关示范技师学院, qualification: 高级讲师, phone: 0751-0000002}
      - {name: 罗评审, employer: 浈江示范餐饮协会, qualification: 高级技师, phone: 0751-0000003}
"""
PROPOSED = """\
    department: {text: 拟同意设立。, agrees: true, day: 2026-01-14}
"""
DECIDED = """\
    centre: {text: 同意设立，最大工位数按专家意见。, agrees: true, day: 2026-01-16}
"""
FORM = APPLIED + ACCEPTED + REVIEWED + PROPOSED + DECIDED
OPINION = """\
opinions:
  - id: opinion-1
    approval: form-1
    site: sg-001
    experts:
      - {name: 温评审, employer: 韶关示范技师学院, qualification: 高级讲师}
      - {name: 罗评审, employer: 浈江示范餐饮协会}
    text: 操作台二十个，通风与燃气合格。
    agrees: true
    ceilings: [{project: 中式面点制作, stations: 20}]
    visited: 2026-01-08
    signed: 2026-01-09
"""
AGREEMENT = """\
agreements:
  - id: agreement-1
    site: sg-001
    institution: lianxi
    signed: 2026-01-20
    begins: 2026-02-01
    ends: 2027-01-31
    scope: [{project: 中式面点制作, stations: 18}]
    duties: 见协议第三条、第四条
    liability: 见协议第七条
"""
PLATE = f"""\
plates:
  - site: sg-001
    measured: 2026-02-02
    wording: 专项职业能力定点考场
    width_cm: 40
    height_cm: 60.5
    thickness_mm: 0.7
    fold_cm: 2
    stainless_steel: true
    black_letters: true
    at_front_door: true
    photo_sha256: {"ab" * 32}
"""
NORM = """\
norms:
  - id: norm-1
    project: 中式面点制作
    published: 2019-06-01
    subjects:
      - {name: 理论, method: machine, duration_min: 30}
      - {name: 实操, method: practical, duration_min: 60}
"""
CATALOGUE = """\
catalogues:
  - year: 2026
    title: 关于公布韶关市2026年专项职业能力考核目录的通知
    begins: 2026-01-01
    ends: 2026-12-31
    projects: [{project: 中式面点制作, norm: norm-1, filing_number: GD-1}]
"""
GROUNDS = INSTITUTIONS + PREMISES + FORM + OPINION + AGREEMENT + PLATE + NORM + CATALOGUE
