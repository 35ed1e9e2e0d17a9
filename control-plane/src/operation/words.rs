//! What the steps of an operation are called, in the language of whoever asks. Names of steps are the operator's and stay;
//! what it says of one case stays English, as details of problems do.

use super::Operation;
use crate::rest::language::Language;

/// Gives every step its title, and its message where that is one of the fixed ones.
pub fn told(mut operation: Operation, language: Language) -> Operation {
    for step in &mut operation.steps {
        step.title = title(&step.step.name, language);
        if language == Language::SimplifiedChinese
            && let Some((_, translated)) = MESSAGES.iter().find(|(english, _)| *english == step.step.message)
        {
            step.step.message = (*translated).to_owned();
        }
    }
    operation
}

/// The title of a step by its name, such as `member/bank/join/main`.
fn title(name: &str, language: Language) -> String {
    let parts: Vec<&str> = name.split('/').collect();
    let say = |english: String, chinese: String| language.of_both(english, chinese);
    match parts.as_slice() {
        ["organizations"] => say("Prepare the organizations".into(), "准备机构".into()),
        ["authorities"] => say("Prepare the certificate authorities".into(), "准备证书颁发机构".into()),
        ["orderers"] => say("Start the orderers".into(), "启动排序节点".into()),
        ["peers"] => say("Start the peers".into(), "启动节点".into()),
        ["channel", channel, "genesis"] => say(
            format!("Make the first block of {channel}"),
            format!("生成通道 {channel} 的创世区块"),
        ),
        ["channel", channel, "join-orderers"] => say(
            format!("Join the orderers to {channel}"),
            format!("让排序节点加入通道 {channel}"),
        ),
        ["channel", channel, "configure"] => say(
            format!("Bring the configuration of {channel} up to date"),
            format!("更新通道 {channel} 的配置"),
        ),
        ["join", channel] => say(
            format!("Join the peers to {channel}"),
            format!("让节点加入通道 {channel}"),
        ),
        ["service"] => say("Start the contract's service".into(), "启动合约服务".into()),
        ["install"] => say("Install the package".into(), "安装合约包".into()),
        ["answer"] => say("Wait for the contract's service".into(), "等待合约服务应答".into()),
        ["approve"] => say("Approve the definition".into(), "批准合约定义".into()),
        ["commit"] => say("Commit the definition".into(), "提交合约定义".into()),
        ["probe"] => say("Try it as an application would".into(), "以应用的方式试用".into()),
        ["enrol"] => say("Issue the certificate".into(), "签发证书".into()),
        ["suspend"] => say("Stop the nodes".into(), "停止节点".into()),
        ["namespace"] => say("Make room for the tenant".into(), "为租户准备空间".into()),
        ["node", node, "restart"] => say(format!("Start {node} anew"), format!("重新启动 {node}")),
        ["remove", what @ ..] => removal(what, language),
        ["member", member, rest @ ..] => within(member, rest, language),
        ["contract", contract, rest @ ..] => within(contract, rest, language),
        _ => name.to_owned(),
    }
}

/// A step of a member or a contract, as its chain shows it.
fn within(whose: &str, rest: &[&str], language: Language) -> String {
    match rest.is_empty() {
        true => language.of_both(format!("Bring {whose} up to date"), format!("更新 {whose}")),
        false => format!("{whose}: {}", title(&rest.join("/"), language)),
    }
}

fn removal(what: &[&str], language: Language) -> String {
    let (english, chinese) = match what {
        ["members"] => ("Remove contracts and peers", "移除合约和节点"),
        ["peers"] => ("Remove the peers", "移除节点"),
        ["nodes"] => ("Remove the nodes", "移除所有节点"),
        ["service"] => ("End the contract's service", "终止合约服务"),
        ["key"] => ("Destroy the key", "销毁密钥"),
        ["authorities"] => ("Destroy keys and certificates", "销毁密钥和证书"),
        _ => ("Clear away", "清理"),
    };
    language.of_both(english, chinese).to_owned()
}

/// What the operator says in the same words every time.
const MESSAGES: &[(&str, &str)] = &[
    ("preparing certificate authorities", "正在准备证书颁发机构"),
    ("making the first block", "正在生成创世区块"),
    ("joining the orderers", "排序节点正在加入"),
    ("comparing the configuration", "正在比较配置"),
    ("endorsing through every member's gateway", "正在通过每个成员的网关背书"),
    ("starting the service", "正在启动服务"),
    ("installing the package", "正在安装合约包"),
    ("waiting for the service", "正在等待服务应答"),
    ("approving the definition", "正在批准定义"),
    ("committing the definition", "正在提交定义"),
    ("issuing a certificate", "正在签发证书"),
    ("stopping the orderers", "正在停止排序节点"),
    ("stopping the peers", "正在停止节点"),
    ("stopping the service", "正在停止服务"),
    ("removing contracts and peers", "正在移除合约和节点"),
    ("removing peers", "正在移除节点"),
    ("ending the service", "正在终止服务"),
    ("destroying the key", "正在销毁密钥"),
    ("destroying keys and certificates", "正在销毁密钥和证书"),
    ("making room in its namespace", "正在准备租户空间"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_have_titles_in_both_languages() {
        let cases = [
            ("orderers", "Start the orderers", "启动排序节点"),
            (
                "channel/main/configure",
                "Bring the configuration of main up to date",
                "更新通道 main 的配置",
            ),
            (
                "member/bank/join/main",
                "bank: Join the peers to main",
                "bank: 让节点加入通道 main",
            ),
            ("contract/evidence", "Bring evidence up to date", "更新 evidence"),
            ("remove/nodes", "Remove the nodes", "移除所有节点"),
            ("something/new", "something/new", "something/new"),
        ];

        for (name, english, chinese) in cases {
            assert_eq!(title(name, Language::English), english);
            assert_eq!(title(name, Language::SimplifiedChinese), chinese);
        }
    }
    /// The text of all source files below a folder.
    fn sources(folder: &std::path::Path) -> String {
        let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        let texts = entries.map(|path| match path.is_dir() {
            true => sources(&path),
            false => std::fs::read_to_string(&path).unwrap(),
        });
        texts.collect()
    }

    #[test]
    fn what_is_translated_is_what_the_operator_says() {
        let operator = sources(&std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../operator/src"));

        let unsaid = MESSAGES
            .iter()
            .filter(|(english, _)| !operator.contains(&format!("\"{english}\"")));

        assert_eq!(unsaid.collect::<Vec<_>>(), Vec::<&(&str, &str)>::new());
    }
}
