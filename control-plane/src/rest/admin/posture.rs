//! What of an installation is as safe as it can be, and what is not. Pure: facts come in, findings with what to do go out.

use serde::Serialize;
use utoipa::ToSchema;

use crate::rest::language::Language;
use crate::store::access::users::OperatorAccount;

/// What was looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum SecurityAspect {
    /// How browsers and clients reach the API.
    ApiTransport,
    /// How the API reaches its database.
    DatabaseTransport,
    /// Passwords that were made for somebody and not replaced.
    OneTimePasswords,
    /// A second factor for those who may everything.
    SecondFactors,
    /// Secrets at rest.
    MasterKey,
    /// Keys that nobody uses.
    ApiKeys,
    /// Who may take part in a chain.
    RealNames,
    /// Whether the audit can be rewritten unnoticed.
    AuditAnchor,
    /// Where webhooks may go.
    WebhookAddresses,
    /// Certificates that have ended.
    Certificates,
}

/// What was found. Programs should expect words that they do not know yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum CheckState {
    /// As it should be.
    Passed,
    /// Fit for a trial; in production somebody should have decided so.
    Warning,
    /// Somebody should mend it.
    Failed,
}

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SecurityCheck {
    /// What was looked at, for programs.
    pub aspect: SecurityAspect,
    /// What was found.
    pub state: CheckState,
    /// What was looked at, for people.
    pub title: String,
    /// What was found, for people.
    pub finding: String,
    /// What to do about it; absent where there is nothing to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fix: Option<String>,
}

/// What is known of an installation.
#[derive(Debug, Clone)]
pub struct Facts {
    /// Whether browsers reach it over TLS only, as far as it is told.
    pub is_behind_tls: bool,
    /// Whether it listens on this machine alone.
    pub is_on_loopback: bool,
    /// Whether nobody between the API and its database can read along.
    pub is_database_private: bool,
    /// The platform's operators who sign in with a password.
    pub operators: Vec<OperatorAccount>,
    pub has_master_key: bool,
    /// Valid API keys of all tenants that have not been used for [`UNUSED_DAYS`].
    pub unused_keys: u64,
    pub requires_real_names: bool,
    pub anchors_audit: bool,
    pub allows_private_webhooks: bool,
    /// Certificates that have expired, and those whose renewal is overdue.
    pub ended_certificates: u32,
}

/// A key that has not been used for so long is one that somebody else may find.
pub const UNUSED_DAYS: i64 = 90;

/// Words in both languages.
type Words = (String, String);

fn words(english: impl Into<String>, chinese: impl Into<String>) -> Words {
    (english.into(), chinese.into())
}

/// What was found of an aspect, and what to do about it.
type Verdict = (CheckState, Words, Option<Words>);

fn passed(finding: Words) -> Verdict {
    (CheckState::Passed, finding, None)
}

/// All checks, in a fixed order.
pub fn of(facts: &Facts, language: Language) -> Vec<SecurityCheck> {
    let say = |(english, chinese): Words| language.of_both(english, chinese);
    let checks = [
        (SecurityAspect::ApiTransport, api_transport(facts)),
        (SecurityAspect::DatabaseTransport, database_transport(facts)),
        (SecurityAspect::OneTimePasswords, one_time_passwords(facts)),
        (SecurityAspect::SecondFactors, second_factors(facts)),
        (SecurityAspect::MasterKey, master_key(facts)),
        (SecurityAspect::ApiKeys, api_keys(facts)),
        (SecurityAspect::RealNames, real_names(facts)),
        (SecurityAspect::AuditAnchor, audit_anchor(facts)),
        (SecurityAspect::WebhookAddresses, webhook_addresses(facts)),
        (SecurityAspect::Certificates, certificates(facts)),
    ];
    let check = |(aspect, (state, finding, fix)): (SecurityAspect, Verdict)| SecurityCheck {
        aspect,
        state,
        title: say(title(aspect)),
        finding: say(finding),
        fix: fix.map(say),
    };
    checks.into_iter().map(check).collect()
}

fn title(aspect: SecurityAspect) -> Words {
    match aspect {
        SecurityAspect::ApiTransport => words("TLS to the API", "访问 API 的 TLS"),
        SecurityAspect::DatabaseTransport => words("TLS to the database", "访问数据库的 TLS"),
        SecurityAspect::OneTimePasswords => words("One-time passwords", "一次性密码"),
        SecurityAspect::SecondFactors => words("Second factors of operators", "平台运营人员的第二因素"),
        SecurityAspect::MasterKey => words("Secrets at rest", "静态密钥保护"),
        SecurityAspect::ApiKeys => words("Unused API keys", "闲置的 API 密钥"),
        SecurityAspect::RealNames => words("Real-name records", "实名记录"),
        SecurityAspect::AuditAnchor => words("Anchored audit", "审计存证"),
        SecurityAspect::WebhookAddresses => words("Addresses of webhooks", "Webhook 地址"),
        SecurityAspect::Certificates => words("Certificates", "证书"),
    }
}

fn api_transport(facts: &Facts) -> Verdict {
    if facts.is_behind_tls {
        return passed(words(
            "Browsers send cookies over TLS only.",
            "浏览器只通过 TLS 发送 Cookie。",
        ));
    }
    if facts.is_on_loopback {
        return passed(words("It listens on this machine alone.", "仅在本机监听。"));
    }
    (
        CheckState::Failed,
        words(
            "It is reached over the network without TLS: passwords and keys may be read on the way.",
            "通过网络访问时未使用 TLS：密码和密钥可能在途中被读取。",
        ),
        Some(words(
            "Let it be reached through an ingress with TLS alone, and leave --secure-cookies on.",
            "只通过带 TLS 的入口提供访问，并保持 --secure-cookies 开启。",
        )),
    )
}

fn database_transport(facts: &Facts) -> Verdict {
    match facts.is_database_private {
        true => passed(words(
            "The database is on this machine, or reached over TLS.",
            "数据库在本机，或通过 TLS 访问。",
        )),
        false => (
            CheckState::Failed,
            words(
                "PostgreSQL is reached over the network without TLS.",
                "通过网络访问 PostgreSQL 时未使用 TLS。",
            ),
            Some(words(
                "Add sslmode=verify-full to the database's address.",
                "在数据库地址中加入 sslmode=verify-full。",
            )),
        ),
    }
}

/// Who of the operators is meant, by e-mail address.
fn named(facts: &Facts, which: impl Fn(&OperatorAccount) -> bool) -> Option<String> {
    let found = facts.operators.iter().filter(|operator| which(operator));
    let found: Vec<&str> = found.map(|operator| operator.email.as_str()).collect();
    (!found.is_empty()).then(|| found.join(", "))
}

fn one_time_passwords(facts: &Facts) -> Verdict {
    match named(facts, |operator| operator.has_one_time_password) {
        None => passed(words(
            "Every operator has a password of their own, or none.",
            "每位平台运营人员都已设置自己的密码，或不使用密码。",
        )),
        Some(who) => (
            CheckState::Failed,
            words(
                format!("Not replaced yet: the password of {who}. Whoever reads the first start's log has it."),
                format!("尚未更换密码：{who}。能读到首次启动日志的人就知道该密码。"),
            ),
            Some(words(
                "Sign in with it once: it must be changed then.",
                "用它登录一次，届时必须更改。",
            )),
        ),
    }
}

fn second_factors(facts: &Facts) -> Verdict {
    match named(facts, |operator| !operator.has_second_factor) {
        None => passed(words(
            "Every operator who signs in with a password has one.",
            "每位使用密码登录的平台运营人员都已启用。",
        )),
        Some(who) => (
            CheckState::Warning,
            words(
                format!("A password is enough to act as {who}, who may everything."),
                format!("仅凭密码即可以 {who} 的身份操作，而其拥有全部权限。"),
            ),
            Some(words(
                "They set one up under Account, or sign in at an OpenID provider that asks for one.",
                "请在“账户”中启用，或通过要求第二因素的 OpenID 提供方登录。",
            )),
        ),
    }
}

fn master_key(facts: &Facts) -> Verdict {
    match facts.has_master_key {
        true => passed(words(
            "Roots, identity keys and secrets are encrypted under a master key.",
            "根密钥、身份密钥和机密信息均由主密钥加密。",
        )),
        false => (
            CheckState::Warning,
            words(
                "Whoever copies the data folder or the database has the organizations' root keys.",
                "复制数据目录或数据库的人即拥有各机构的根密钥。",
            ),
            Some(words(
                "Start it with --master-key-file: what is there already is encrypted then.",
                "使用 --master-key-file 启动：已有内容届时会被加密。",
            )),
        ),
    }
}

fn api_keys(facts: &Facts) -> Verdict {
    match facts.unused_keys {
        0 => passed(words(
            format!("Every valid key has been used within {UNUSED_DAYS} days."),
            format!("所有有效密钥在 {UNUSED_DAYS} 天内都使用过。"),
        )),
        some => (
            CheckState::Warning,
            words(
                format!("{some} valid keys of tenants have not been used for {UNUSED_DAYS} days."),
                format!("租户有 {some} 个有效密钥已 {UNUSED_DAYS} 天未使用。"),
            ),
            Some(words(
                "Their tenants revoke them under Developers.",
                "请相应租户在“开发者”中吊销。",
            )),
        ),
    }
}

fn real_names(facts: &Facts) -> Verdict {
    match facts.requires_real_names {
        true => passed(words(
            "An organization takes part once its record is approved.",
            "机构须在实名记录通过审核后才能参与。",
        )),
        false => (
            CheckState::Warning,
            words(
                "Organizations take part in chains without anybody having checked who they are.",
                "机构无需任何身份核验即可参与链。",
            ),
            Some(words(
                "Start it with --require-real-names.",
                "使用 --require-real-names 启动。",
            )),
        ),
    }
}

fn audit_anchor(facts: &Facts) -> Verdict {
    match facts.anchors_audit {
        true => passed(words(
            "Heads of the audit are written to a chain.",
            "审计链头会写入区块链。",
        )),
        false => (
            CheckState::Warning,
            words(
                "Whoever has the database can write another audit in the place of this one.",
                "掌握数据库的人可以用另一份审计记录替换现有记录。",
            ),
            Some(words(
                "Start it with --audit-anchor CHAIN/CHANNEL/CONTRACT, a chain of the platform's.",
                "使用 --audit-anchor CHAIN/CHANNEL/CONTRACT 启动，指定平台的一条链。",
            )),
        ),
    }
}

fn webhook_addresses(facts: &Facts) -> Verdict {
    match facts.allows_private_webhooks {
        false => passed(words(
            "Webhooks go to public addresses over TLS only.",
            "Webhook 只能通过 TLS 发往公网地址。",
        )),
        true => (
            CheckState::Warning,
            words(
                "Tenants can have the platform call addresses of its own network, without TLS.",
                "租户可以让平台在不使用 TLS 的情况下访问其内部网络地址。",
            ),
            Some(words(
                "Start it without --webhooks-to-private-addresses.",
                "启动时去掉 --webhooks-to-private-addresses。",
            )),
        ),
    }
}

fn certificates(facts: &Facts) -> Verdict {
    match facts.ended_certificates {
        0 => passed(words(
            "None has ended, and none is overdue.",
            "没有证书到期，也没有逾期未续的证书。",
        )),
        some => (
            CheckState::Failed,
            words(
                format!("{some} have ended, or should have been renewed."),
                format!("{some} 个证书已到期或逾期未续。"),
            ),
            Some(words(
                "The platform's health names the first of them.",
                "平台健康页列出了其中的前几个。",
            )),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn safe() -> Facts {
        Facts {
            is_behind_tls: true,
            is_on_loopback: false,
            is_database_private: true,
            operators: vec![OperatorAccount {
                email: "admin@bank.example".to_owned(),
                has_one_time_password: false,
                has_second_factor: true,
            }],
            has_master_key: true,
            unused_keys: 0,
            requires_real_names: true,
            anchors_audit: true,
            allows_private_webhooks: false,
            ended_certificates: 0,
        }
    }

    fn findings(facts: &Facts) -> Vec<(SecurityAspect, CheckState, String)> {
        let checks = of(facts, Language::English).into_iter();
        checks
            .filter(|check| check.state != CheckState::Passed)
            .map(|check| (check.aspect, check.state, check.finding))
            .collect()
    }

    #[test]
    fn of_a_safe_installation_every_check_passes() {
        assert_eq!(findings(&safe()), []);
        assert_eq!(of(&safe(), Language::English).len(), 10);
    }

    #[test]
    fn tls_that_is_turned_off_fails_unless_nobody_else_can_reach_it() {
        let open = Facts {
            is_behind_tls: false,
            is_database_private: false,
            ..safe()
        };
        let local = Facts {
            is_on_loopback: true,
            is_database_private: true,
            ..open.clone()
        };

        let aspects: Vec<_> = findings(&open)
            .into_iter()
            .map(|(aspect, state, _)| (aspect, state))
            .collect();
        assert_eq!(
            aspects,
            [
                (SecurityAspect::ApiTransport, CheckState::Failed),
                (SecurityAspect::DatabaseTransport, CheckState::Failed)
            ]
        );
        assert_eq!(findings(&local), []);
    }

    #[test]
    fn operators_are_named_by_whom_a_password_alone_is_enough() {
        let mut facts = safe();
        facts.operators[0].has_second_factor = false;
        facts.operators[0].has_one_time_password = true;

        assert_eq!(
            findings(&facts),
            [
                (
                    SecurityAspect::OneTimePasswords,
                    CheckState::Failed,
                    "Not replaced yet: the password of admin@bank.example. Whoever reads the first start's log has it."
                        .to_owned()
                ),
                (
                    SecurityAspect::SecondFactors,
                    CheckState::Warning,
                    "A password is enough to act as admin@bank.example, who may everything.".to_owned()
                ),
            ]
        );
    }

    #[test]
    fn whatever_did_not_pass_says_what_to_do_in_either_language() {
        let facts = Facts {
            is_behind_tls: false,
            is_database_private: false,
            operators: vec![OperatorAccount {
                email: "admin@bank.example".to_owned(),
                has_one_time_password: true,
                has_second_factor: false,
            }],
            has_master_key: false,
            unused_keys: 2,
            requires_real_names: false,
            anchors_audit: false,
            allows_private_webhooks: true,
            ended_certificates: 1,
            ..safe()
        };

        for language in [Language::English, Language::SimplifiedChinese] {
            let checks = of(&facts, language);
            let helpless = checks
                .iter()
                .filter(|check| check.state == CheckState::Passed || check.fix.is_none());
            assert_eq!(helpless.collect::<Vec<_>>(), Vec::<&SecurityCheck>::new());
        }
    }
}
