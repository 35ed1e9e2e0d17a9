//! `evidence`: who held which document, and when.

use super::{Function, Kind, LOG_LEVEL, Parameter, Template, Text, text};

/// Longest note that anything can be certified with, whatever is set.
pub const NOTE_LIMIT: u32 = 65_536;

/// How long a note may be.
pub const LONGEST_NOTE: Parameter = Parameter {
    name: "LONGEST_NOTE",
    title: text("Longest note", "备注最大长度"),
    meaning: text(
        "How many characters a note or a reason may have. 0 keeps notes off the ledger.",
        "备注或原因最多可以有多少个字符。设为 0 则不允许在账本上写备注。",
    ),
    kind: Kind::Integer {
        minimum: 0,
        maximum: NOTE_LIMIT,
    },
    default: "1024",
};

pub const TEMPLATE: Template = Template {
    name: "evidence",
    title: text("Evidence of documents", "文档存证"),
    description: text(
        "Certifies digests of documents with owner, time and note; looks them up, lists and revokes them.",
        "以所有者、时间和备注为文档摘要存证，并可查询、列出和撤销。",
    ),
    documentation: text(include_str!("evidence/en.md"), include_str!("evidence/zh-CN.md")),
    language: "rust",
    engines: &["native", "fabric"],
    parameters: &[LONGEST_NOTE, LOG_LEVEL],
    functions: &[
        Function {
            name: "Certify",
            meaning: text(
                "Certifies a digest. A digest is certified once.",
                "为摘要存证。每个摘要只能存证一次。",
            ),
            arguments: &[DIGEST, NOTE, OWNER],
        },
        Function {
            name: "Revoke",
            meaning: text(
                "Revokes what was certified. Only its owner can; the record stays.",
                "撤销存证。只有所有者可以撤销，记录仍会保留。",
            ),
            arguments: &[DIGEST, REASON],
        },
        Function {
            name: "Get",
            meaning: text("Looks up a digest.", "查询某个摘要的存证。"),
            arguments: &[DIGEST],
        },
        Function {
            name: "History",
            meaning: text(
                "Every state that the evidence of a digest was in, the newest first.",
                "某个摘要的存证经历过的所有状态，最新的在前。",
            ),
            arguments: &[DIGEST],
        },
        Function {
            name: "List",
            meaning: text(
                "Lists what somebody has had certified, in pages.",
                "分页列出某人的存证。",
            ),
            arguments: &[LISTED_OWNER, PAGE_SIZE, BOOKMARK],
        },
    ],
    metadata: include_str!("evidence/metadata.json"),
};

const DIGEST: (&str, Text) = (
    "digest",
    text(
        "SHA-256 of the document: 64 hexadecimal characters.",
        "文档的 SHA-256 摘要：64 个十六进制字符。",
    ),
);
const NOTE: (&str, Text) = (
    "note",
    text(
        "Anything worth remembering with it, as long as LONGEST_NOTE allows.",
        "值得一并记录的任何内容，长度以 LONGEST_NOTE 为限。",
    ),
);
const REASON: (&str, Text) = (
    "reason",
    text(
        "Why, as long as LONGEST_NOTE allows.",
        "撤销的原因，长度以 LONGEST_NOTE 为限。",
    ),
);
const OWNER: (&str, Text) = (
    "owner",
    text(
        "Who may revoke it. Whoever submits the transaction, unless said otherwise.",
        "谁可以撤销。未指定时为提交交易者。",
    ),
);
const LISTED_OWNER: (&str, Text) = (
    "owner",
    text(
        "Whose evidence. The caller's own, unless said otherwise.",
        "谁的存证。未指定时为调用者自己。",
    ),
);
const PAGE_SIZE: (&str, Text) = (
    "pageSize",
    text(
        "How many at most, from 1 to 100; 20 unless said otherwise.",
        "每页最多多少条，1 到 100；未指定时为 20。",
    ),
);
const BOOKMARK: (&str, Text) = (
    "bookmark",
    text(
        "Where to go on: the bookmark of the page before.",
        "从哪里继续：上一页返回的 bookmark。",
    ),
);
