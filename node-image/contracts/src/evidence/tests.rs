use entente_contract::mock::{Member, MockPeer};

use super::record::{Evidence, Page, Revision, time};
use super::*;

const DIGEST: &str = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";

fn digest(number: u8) -> String {
    format!("{number:02x}").repeat(32)
}

fn evidence(member: &Member, note: &str, transaction: u32) -> Evidence {
    Evidence {
        digest: DIGEST.to_owned().try_into().unwrap(),
        owner: member.id().to_owned(),
        submitter: member.id().to_owned(),
        note: note.to_owned(),
        certified_at: time(MockPeer::time(transaction)),
        transaction_id: format!("tx{transaction}"),
        revoked: None,
    }
}

fn settings() -> Settings {
    Settings::read(|_| None).unwrap()
}

async fn start() -> (MockPeer, Member, Member) {
    (
        MockPeer::start(contract(settings())).await,
        Member::new("Org1MSP", "alice"),
        Member::new("Org2MSP", "bob"),
    )
}

#[tokio::test]
async fn what_is_certified_can_be_looked_up_by_everybody() {
    let (peer, alice, bob) = start().await;

    let certified = peer
        .submit(&alice, "Certify", &[&DIGEST.to_uppercase(), "contract 7"])
        .await
        .unwrap();

    let expected = evidence(&alice, "contract 7", 0);
    assert_eq!(certified.json::<Evidence>(), expected);
    let (name, payload) = certified.event.unwrap();
    assert_eq!(
        (&name[..], serde_json::from_slice::<Evidence>(&payload).unwrap()),
        ("Certified", expected.clone())
    );
    assert_eq!(
        peer.evaluate(&bob, "Get", &[DIGEST]).await.unwrap().json::<Evidence>(),
        expected
    );
    assert_eq!(expected.owner, "Org1MSP/CN=alice, OU=client");
    assert_eq!(expected.certified_at, "2026-01-01T00:00:00.000Z");
}

#[tokio::test]
async fn a_digest_is_certified_once() {
    let (peer, alice, bob) = start().await;
    peer.submit(&alice, "Certify", &[DIGEST]).await.unwrap();
    let refusal = |suffix: &str| {
        format!(
            "{DIGEST} was certified already, at 2026-01-01T00:00:00.000Z by Org1MSP/CN=alice, OU=client \
             in transaction tx0{suffix}; a digest is certified once"
        )
    };

    assert_eq!(peer.submit(&bob, "Certify", &[DIGEST]).await.unwrap_err(), refusal(""));
    peer.submit(&alice, "Revoke", &[DIGEST]).await.unwrap();
    assert_eq!(
        peer.submit(&alice, "Certify", &[DIGEST]).await.unwrap_err(),
        refusal(", and revoked since")
    );
}

#[tokio::test]
async fn only_the_owner_revokes_and_only_once() {
    let (peer, alice, bob) = start().await;
    peer.submit(&alice, "Certify", &[DIGEST, "", bob.id()]).await.unwrap();

    assert_eq!(
        peer.submit(&alice, "Revoke", &[DIGEST]).await.unwrap_err(),
        format!(
            "only the owner of {DIGEST}, {}, can revoke it; you are {}",
            bob.id(),
            alice.id()
        )
    );
    let revoked = peer.submit(&bob, "Revoke", &[DIGEST, "superseded"]).await.unwrap();
    let expected = Revocation {
        at: time(MockPeer::time(2)),
        reason: "superseded".into(),
        transaction_id: "tx2".into(),
    };
    assert_eq!(revoked.json::<Evidence>().revoked, Some(expected));
    assert_eq!(revoked.event.unwrap().0, "Revoked");
    assert_eq!(
        peer.submit(&bob, "Revoke", &[DIGEST]).await.unwrap_err(),
        format!("{DIGEST} was revoked already, at 2026-01-01T00:00:02.000Z")
    );
}

#[tokio::test]
async fn history_tells_every_state_newest_first() {
    let (peer, alice, bob) = start().await;
    peer.submit(&alice, "Certify", &[DIGEST, "n"]).await.unwrap();
    let revoked = peer
        .submit(&alice, "Revoke", &[DIGEST])
        .await
        .unwrap()
        .json::<Evidence>();

    let history = peer
        .evaluate(&bob, "History", &[DIGEST])
        .await
        .unwrap()
        .json::<Vec<Revision>>();

    let revision = |number: u32, evidence| Revision {
        transaction_id: format!("tx{number}"),
        at: time(MockPeer::time(number)),
        evidence: Some(evidence),
    };
    assert_eq!(history, [revision(1, revoked), revision(0, evidence(&alice, "n", 0))]);
}

#[tokio::test]
async fn a_list_holds_one_owners_evidence_page_by_page() {
    let (peer, alice, bob) = start().await;
    for number in 0..5 {
        peer.submit(&alice, "Certify", &[&digest(number)]).await.unwrap();
    }
    peer.submit(&bob, "Certify", &[&digest(9)]).await.unwrap();

    let mut pages = Vec::new();
    let mut bookmark = String::new();
    loop {
        let arguments = [alice.id(), "2", &bookmark];
        let page = peer.evaluate(&bob, "List", &arguments).await.unwrap().json::<Page>();
        pages.push(
            page.items
                .iter()
                .map(|item| item.digest.to_string())
                .collect::<Vec<_>>(),
        );
        bookmark = page.bookmark;
        if bookmark.is_empty() {
            break;
        }
    }

    assert_eq!(
        pages,
        [vec![digest(0), digest(1)], vec![digest(2), digest(3)], vec![digest(4)]]
    );
    let own = peer.evaluate(&bob, "List", &[]).await.unwrap().json::<Page>();
    assert_eq!(
        own.items.iter().map(|item| item.digest.to_string()).collect::<Vec<_>>(),
        [digest(9)]
    );
}

#[tokio::test]
async fn a_note_is_as_long_as_is_set() {
    let set = |value: &str| Settings::read(|name| (name == "LONGEST_NOTE").then(|| value.to_owned()));
    let peer = MockPeer::start(contract(set("4").unwrap())).await;
    let alice = Member::new("Org1MSP", "alice");

    let refused = peer.submit(&alice, "Certify", &[DIGEST, "notes"]).await.unwrap_err();
    peer.submit(&alice, "Certify", &[DIGEST, "note"]).await.unwrap();

    assert_eq!(
        refused.to_string(),
        "argument \"note\" of Certify: must have at most 4 characters, but has 5"
    );
    assert_eq!(
        set("long").map(|_| ()),
        Err("LONGEST_NOTE must be a whole number from 0 to 65536, not \"long\"".to_owned())
    );
}

#[tokio::test]
async fn the_wrong_argument_is_named() {
    let (peer, alice, _) = start().await;
    let long = "n".repeat(1025);
    for (function, arguments, expected) in [
        (
            "Certify",
            vec![],
            "argument \"digest\" of Certify is missing; it takes (digest, note?, owner?)",
        ),
        (
            "Certify",
            vec!["abc"],
            "argument \"digest\" of Certify: must be the 64 hexadecimal characters of a SHA-256 digest, but has 3",
        ),
        (
            "Get",
            vec!["xyz"],
            "argument \"digest\" of Get: must be the 64 hexadecimal characters of a SHA-256 digest, but has 'x' in it",
        ),
        (
            "Certify",
            vec![DIGEST, &long],
            "argument \"note\" of Certify: must have at most 1024 characters, but has 1025",
        ),
        (
            "Certify",
            vec![DIGEST, "", "a\u{0}b"],
            "argument \"owner\" of Certify: must not have control characters in it",
        ),
        (
            "List",
            vec!["", "0"],
            "argument \"pageSize\" of List: must be from 1 to 100, but is 0",
        ),
        (
            "List",
            vec!["", "ten"],
            "argument \"pageSize\" of List: is not JSON: expected ident at line 1 column 2",
        ),
        (
            "Get",
            vec![DIGEST, "x"],
            "Get takes at most 1 arguments (digest), but got 2",
        ),
        (
            "Burn",
            vec![],
            "unknown function \"Burn\"; evidence has Certify, Revoke, Get, History, List",
        ),
    ] {
        let refused = peer.submit(&alice, function, &arguments).await.unwrap_err();

        assert_eq!(refused, expected, "{function} {arguments:?}");
    }
}

#[tokio::test]
async fn what_was_never_certified_is_unknown() {
    let (peer, alice, _) = start().await;

    for function in ["Get", "History", "Revoke"] {
        let refused = peer.submit(&alice, function, &[DIGEST]).await.unwrap_err();

        assert_eq!(refused, format!("{DIGEST} is not certified"), "{function}");
    }
}
