//! Contracts against the stand-in for a peer: what goes over the wire, and what comes back.

use std::time::Duration;

use entente_fabric::proto::protos::chaincode_message::Type;
use futures::TryStreamExt as _;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;

use crate::mock::{Member, MockPeer, Offer};
use crate::{Context, Contract, ContractError, NoArguments, composite_key};

#[derive(Deserialize, JsonSchema)]
struct Entry {
    key: String,
    value: String,
}

#[derive(Deserialize, JsonSchema)]
struct Count {
    /// How many there are to be.
    count: u32,
}

#[derive(Deserialize, JsonSchema)]
struct Key {
    key: String,
}

fn contract() -> Contract {
    Contract::new("things", "1.2")
        .transaction("Put", async |context: Context, Entry { key, value }: Entry| {
            context.put(&key, &value).await
        })
        .transaction("Fill", fill)
        .query("Cheat", async |context: Context, _: NoArguments| {
            context.put("key", &1).await
        })
        .query("Get", async |context: Context, Key { key }: Key| {
            context.get::<String>(&key).await
        })
        .query("Keys", keys)
        .query("Values", values)
        .query("First", first)
        .query("Whoami", whoami)
        .transaction("Secret", secret)
        .transaction("Guard", guard)
        .query("Guards", async |context: Context, Key { key }: Key| {
            context.endorsement_policy(&key).await
        })
        .transaction("Relay", relay)
        .transaction("Panic", panic)
        .transaction("GiveUp", give_up)
        .transaction("Slow", slow)
}

async fn fill(context: Context, Count { count }: Count) -> Result<u32, ContractError> {
    for number in 0..count {
        context.put(&format!("key{number:04}"), &number).await?;
    }
    Ok(count)
}

async fn keys(context: Context, _: NoArguments) -> Result<Vec<String>, ContractError> {
    let rows = context.range("key", "").await?.into_stream();
    rows.map_ok(|row| row.key).try_collect().await
}

async fn values(context: Context, _: NoArguments) -> Result<Vec<Option<String>>, ContractError> {
    let values = context.get_many(&["key0001", "none", "key0000"]).await?;
    Ok(values
        .into_iter()
        .map(|value| value.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()))
        .collect())
}

async fn first(context: Context, _: NoArguments) -> Result<Option<String>, ContractError> {
    let mut rows = context.range("", "").await?;
    let row = rows.next().await?;
    rows.close().await?;
    Ok(row.map(|row| row.key))
}

async fn whoami(context: Context, _: NoArguments) -> Result<serde_json::Value, ContractError> {
    let creator = context.creator();
    Ok(json!({
        "id": creator.id(),
        "msp": creator.msp_id(),
        "name": creator.common_name(),
        "level": creator.attribute("level"),
        "channel": context.channel_id(),
        "transaction": context.transaction_id(),
        "time": context.timestamp().timestamp(),
    }))
}

async fn secret(context: Context, Key { key }: Key) -> Result<Vec<bool>, ContractError> {
    let value = context
        .transient("value")
        .ok_or_else(|| ContractError::refused("no value given"))?
        .to_vec();
    let private = context.private("secrets");
    let earlier = (private.get_bytes(&key).await?, private.hash(&key).await?);
    private.put_bytes(&key, value).await?;
    private.purge("old").await?;
    Ok(vec![earlier.0.is_some(), earlier.1.is_some()])
}

async fn guard(context: Context, Entry { key, value: policy }: Entry) -> Result<(), ContractError> {
    context.set_endorsement_policy(&key, &policy).await
}

async fn relay(context: Context, Key { key }: Key) -> Result<String, ContractError> {
    let answer = context.invoke("other", "Get", &[key.as_bytes()], None).await?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

async fn panic(context: Context, _: NoArguments) -> Result<(), ContractError> {
    let nobody: Option<u32> = context.get("nobody").await?;
    assert!(nobody.is_some(), "a bug in the contract");
    Ok(())
}

/// Asks, does not wait for the answer, and asks for something else.
async fn give_up(context: Context, _: NoArguments) -> Result<Option<u32>, ContractError> {
    {
        let asked = std::pin::pin!(context.get::<u32>("key0001"));
        assert!(futures::poll!(asked).is_pending(), "no answer is that fast");
    }
    context.get("key0002").await
}

async fn slow(context: Context, Key { key }: Key) -> Result<(), ContractError> {
    tokio::time::sleep(Duration::from_millis(200)).await;
    context.put(&key, &"late").await
}

fn alice() -> Member {
    Member::with_attributes("Org1MSP", "alice", &[("level", "province")])
}

#[tokio::test]
async fn what_is_put_is_read_by_later_transactions() {
    let peer = MockPeer::start(contract()).await;

    let put = peer.submit(&alice(), "Put", &["a", "1"]).await.unwrap();

    assert_eq!((put.payload, put.written), (vec![], vec!["a".to_owned()]));
    assert_eq!(
        peer.evaluate(&alice(), "things:Get", &["a"])
            .await
            .unwrap()
            .json::<String>(),
        "1"
    );
    assert_eq!(peer.evaluate(&alice(), "Get", &["b"]).await.unwrap().payload, b"");
}

#[tokio::test]
async fn writes_go_in_batches_where_the_peer_takes_them() {
    let offer = Offer {
        use_write_batch: true,
        max_size_write_batch: 100,
        ..Offer::default()
    };
    let (modern, old) = (
        MockPeer::start_with(contract(), offer),
        MockPeer::start_with(contract(), Offer::default()),
    );
    let (modern, old) = tokio::join!(modern, old);

    let batched = modern.submit(&alice(), "Fill", &["250"]).await.unwrap();
    let single = old.submit(&alice(), "Fill", &["250"]).await.unwrap();

    assert_eq!(batched.requests, [Type::WriteBatchState; 3]);
    assert_eq!(single.requests, [Type::PutState; 250]);
    assert_eq!(batched.written, single.written);
}

#[tokio::test]
async fn several_keys_are_read_at_once_where_the_peer_can() {
    let (modern, old) = (
        MockPeer::start(contract()),
        MockPeer::start_with(contract(), Offer::default()),
    );
    let (modern, old) = tokio::join!(modern, old);

    for (peer, expected) in [(modern, vec![Type::GetStateMultiple]), (old, vec![Type::GetState; 3])] {
        peer.submit(&alice(), "Fill", &["2"]).await.unwrap();
        let read = peer.evaluate(&alice(), "Values", &[]).await.unwrap();

        assert_eq!(read.requests, expected);
        assert_eq!(read.json::<serde_json::Value>(), json!(["1", null, "0"]));
    }
}

#[tokio::test]
async fn a_range_goes_on_after_the_first_hundred_rows() {
    let peer = MockPeer::start(contract()).await;
    peer.submit(&alice(), "Fill", &["250"]).await.unwrap();

    let all = peer.evaluate(&alice(), "Keys", &[]).await.unwrap();
    let first = peer.evaluate(&alice(), "First", &[]).await.unwrap();

    assert_eq!(
        all.requests,
        [Type::GetStateByRange, Type::QueryStateNext, Type::QueryStateNext]
    );
    assert_eq!(
        all.json::<Vec<String>>(),
        (0..250).map(|number| format!("key{number:04}")).collect::<Vec<_>>()
    );
    assert_eq!(first.requests, [Type::GetStateByRange, Type::QueryStateClose]);
    assert_eq!(first.json::<String>(), "key0000");
}

#[tokio::test]
async fn a_query_cannot_write() {
    let peer = MockPeer::start(contract()).await;

    let refused = peer.submit(&alice(), "Cheat", &[]).await.unwrap_err();

    assert_eq!(refused, "Cheat only reads; it must not write \"key\"");
}

#[tokio::test]
async fn a_contract_knows_who_asks_and_when() {
    let peer = MockPeer::start(contract()).await;

    let answer = peer
        .evaluate(&alice(), "Whoami", &[])
        .await
        .unwrap()
        .json::<serde_json::Value>();

    let expected = json!({
        "id": "Org1MSP/CN=alice, OU=client",
        "msp": "Org1MSP",
        "name": "alice",
        "level": "province",
        "channel": "main",
        "transaction": "tx0",
        "time": MockPeer::time(0).timestamp(),
    });
    assert_eq!(answer, expected);
}

#[tokio::test]
async fn private_data_comes_from_transient_data_and_stays_in_its_collection() {
    let peer = MockPeer::start(contract()).await;

    let first = peer
        .submit_with(&alice(), "Secret", &["k"], &[("value", "s3cret")])
        .await
        .unwrap();
    let second = peer
        .submit_with(&alice(), "Secret", &["k"], &[("value", "other")])
        .await
        .unwrap();

    assert_eq!(
        (first.json::<Vec<bool>>(), second.json::<Vec<bool>>()),
        (vec![false, false], vec![true, true])
    );
    assert_eq!(
        (peer.state("secrets", "k"), peer.state("", "k")),
        (Some(b"other".to_vec()), None)
    );
    assert_eq!(
        peer.submit(&alice(), "Secret", &["k"]).await.unwrap_err(),
        "no value given"
    );
}

#[tokio::test]
async fn a_key_can_have_its_own_endorsement_policy() {
    let peer = MockPeer::start(contract()).await;
    let policy = "AND('Org1MSP.peer', 'Org2MSP.peer')";

    peer.submit(&alice(), "Guard", &["k", policy]).await.unwrap();

    assert_eq!(
        peer.evaluate(&alice(), "Guards", &["k"])
            .await
            .unwrap()
            .json::<String>(),
        policy
    );
    assert_eq!(
        peer.evaluate(&alice(), "Guards", &["other"]).await.unwrap().payload,
        b""
    );
    let refused = peer
        .submit(&alice(), "Guard", &["k", "XOR('A.peer')"])
        .await
        .unwrap_err();
    assert_eq!(
        refused,
        "policy XOR('A.peer'): unrecognized token 'XOR' in policy string"
    );
}

#[tokio::test]
async fn another_contract_answers_or_its_refusal_is_told() {
    let peer = MockPeer::start(contract()).await;

    let refused = peer.submit(&alice(), "Relay", &["k"]).await.unwrap_err();
    peer.other_contract("other", b"hello");

    assert_eq!(refused, "other refused Get: chaincode other not found");
    assert_eq!(
        peer.submit(&alice(), "Relay", &["k"]).await.unwrap().json::<String>(),
        "hello"
    );
}

#[tokio::test]
async fn a_function_that_panics_fails_alone() {
    let peer = MockPeer::start(contract()).await;

    let refused = peer.submit(&alice(), "Panic", &[]).await.unwrap_err();

    assert_eq!(refused, "the function failed unexpectedly");
    assert!(peer.submit(&alice(), "Put", &["a", "1"]).await.is_ok());
}

#[tokio::test]
async fn an_answer_that_nobody_waited_for_is_not_taken_for_another() {
    let peer = MockPeer::start(contract()).await;
    peer.submit(&alice(), "Fill", &["3"]).await.unwrap();

    let read = peer.submit(&alice(), "GiveUp", &[]).await.unwrap();

    assert_eq!(
        (read.json::<u32>(), read.requests),
        (2, vec![Type::GetState, Type::GetState])
    );
}

#[tokio::test]
async fn transactions_run_side_by_side() {
    let peer = MockPeer::start(contract()).await;
    let alice = alice();
    let names: Vec<String> = (0..50).map(|number| format!("slow{number}")).collect();
    let started = tokio::time::Instant::now();

    let all = names
        .iter()
        .map(|name| async { peer.submit(&alice, "Slow", &[name]).await.is_ok() });
    let ended = futures::future::join_all(all).await;

    assert!(ended.into_iter().all(|ok| ok));
    assert!(
        started.elapsed() < Duration::from_secs(5),
        "50 of 200 ms each took {:?}",
        started.elapsed()
    );
}

#[tokio::test]
async fn when_stopping_what_runs_may_end_and_nothing_begins() {
    let peer = MockPeer::start(contract()).await;
    let alice = alice();
    let running = async { peer.submit(&alice, "Slow", &["k"]).await.map(|outcome| outcome.written) };
    let stopping = async {
        tokio::time::sleep(Duration::from_millis(50)).await;
        peer.stop();
        tokio::task::yield_now().await;
        peer.submit(&alice, "Put", &["a", "1"])
            .await
            .map(|outcome| outcome.written)
    };

    let (ended, refused) = tokio::join!(running, stopping);

    assert_eq!(ended, Ok(vec!["k".to_owned()]));
    assert!(
        ["the contract is stopping; try again", "the contract went away"]
            .contains(&&refused.clone().unwrap_err()[..]),
        "{refused:?}"
    );
}

#[tokio::test]
async fn tools_learn_what_a_contract_offers() {
    let peer = MockPeer::start(contract()).await;

    let answer = peer
        .evaluate(&alice(), "org.hyperledger.fabric:GetMetadata", &[])
        .await
        .unwrap();

    let metadata = answer.json::<serde_json::Value>();
    assert_eq!(metadata, contract().metadata());
    let described = metadata["contracts"]["things"]["transactions"][1].clone();
    let expected = json!({
        "name": "Fill",
        "tag": ["submit"],
        "parameters": [{
            "name": "count",
            "description": "How many there are to be.",
            "required": true,
            "schema": { "description": "How many there are to be.", "type": "integer", "format": "uint32", "minimum": 0 },
        }],
        "returns": { "title": "uint32", "type": "integer", "format": "uint32", "minimum": 0 },
    });
    assert_eq!(described, expected);
}

#[tokio::test]
async fn keys_that_the_ledger_cannot_keep_are_refused() {
    let peer = MockPeer::start(contract()).await;

    let refused = peer.submit(&alice(), "Put", &["", "x"]).await.unwrap_err();

    assert_eq!(refused, "key \"\": it must not be empty");
    assert!(composite_key("type", &["a\u{0}b"]).is_err());
}

#[test]
#[should_panic(expected = "the contract things has two functions Put")]
fn two_functions_of_one_name_are_a_mistake() {
    let _ = contract().query("Put", async |_: Context, _: NoArguments| Ok::<(), ContractError>(()));
}
