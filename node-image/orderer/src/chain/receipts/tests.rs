use std::sync::Arc;

use entente_fabric::proto::common::Payload;
use tokio::sync::Semaphore;
use tokio::sync::oneshot::error::TryRecvError;

use super::*;
use crate::cutter::Message;

const ROOM: usize = 10;

struct Desk {
    receipts: Receipts,
    room: Arc<Semaphore>,
    now: Instant,
}

impl Desk {
    fn new() -> Desk {
        Desk {
            receipts: Receipts::new(7),
            room: Arc::new(Semaphore::new(ROOM)),
            now: Instant::now(),
        }
    }

    fn ask(&mut self, mut request: Request, term: u64) -> (Option<Stamp>, oneshot::Receiver<Outcome>) {
        let (answer, answered) = oneshot::channel();
        let room = self.room.clone().try_acquire_owned().unwrap();
        self.receipts.wait(&mut request, term, Asker { answer, room }, self.now);
        (request.message.stamp, answered)
    }

    fn wait(&mut self, text: &'static str, term: u64) -> oneshot::Receiver<Outcome> {
        self.ask(request(text), term).1
    }

    /// What is submitted again, with the numbers and terms of the stamps.
    fn due(&mut self, term: u64) -> Vec<(String, u64, u64)> {
        let due = self.receipts.due(term).into_iter();
        due.map(|request| {
            let stamp = request.message.stamp.unwrap();
            let text = String::from_utf8(request.message.bytes.to_vec()).unwrap();
            (text, stamp.number, stamp.term)
        })
        .collect()
    }
}

fn request(text: &'static str) -> Request {
    Request {
        message: Message {
            bytes: Bytes::from_static(text.as_bytes()),
            size: 1,
            checked_at: 0,
            urgent: false,
            stamp: None,
        },
        is_config: false,
    }
}

fn again(text: &str, number: u64, term: u64) -> (String, u64, u64) {
    (text.to_owned(), number, term)
}

#[test]
fn each_copy_in_a_block_answers_for_one_message_in_order() {
    let mut desk = Desk::new();
    let (mut first, mut second) = (desk.wait("a", 1), desk.wait("a", 1));
    let mut other = desk.wait("b", 1);
    let copy = Bytes::from_static(b"a");

    desk.receipts.written(&[copy.clone(), Bytes::from_static(b"nobody's")]);

    assert_eq!(first.try_recv(), Ok(Ok(())));
    assert_eq!(second.try_recv(), Err(TryRecvError::Empty));
    desk.receipts.written(&[copy.clone(), copy]);
    assert_eq!(second.try_recv(), Ok(Ok(())));
    assert_eq!(other.try_recv(), Err(TryRecvError::Empty));
}

#[test]
fn what_was_handed_to_an_earlier_leader_is_due_once_in_each_term_that_follows() {
    let mut desk = Desk::new();
    let _waiting = [desk.wait("a", 1), desk.wait("b", 2)];

    assert_eq!(desk.due(1), []);
    assert_eq!(desk.due(2), [again("a", 1, 2)]);
    assert_eq!(desk.due(2), []);
    assert_eq!(desk.due(3), [again("a", 1, 3), again("b", 2, 3)]);
    desk.receipts.doubt(Doubt::Everything);
    assert_eq!(desk.due(3), [again("a", 1, 3), again("b", 2, 3)]);
    let second = Stamp {
        submitter: 7,
        number: 2,
        term: 3,
    };
    desk.receipts.doubt(Doubt::One(second));
    desk.receipts.doubt(Doubt::One(Stamp {
        submitter: 8,
        number: 1,
        term: 3,
    }));
    assert_eq!(desk.due(3), [again("b", 2, 3)]);
}

#[test]
fn what_nobody_waits_for_is_neither_submitted_again_nor_kept() {
    let mut desk = Desk::new();
    drop(desk.wait("a", 1));
    let (stamp, withdrawn) = desk.ask(request("b"), 1);
    desk.receipts.withdraw(stamp);
    assert_eq!(desk.room.available_permits(), ROOM - 1);

    assert_eq!(desk.due(2), []);
    desk.receipts.give_up(desk.now);

    assert!(desk.receipts.is_empty());
    assert!(desk.receipts.numbers.is_empty());
    assert_eq!(desk.room.available_permits(), ROOM);
    drop(withdrawn);
}

#[test]
fn a_message_that_takes_too_long_is_given_up_and_makes_room() {
    let mut desk = Desk::new();
    let mut waiting = desk.wait("a", 1);

    desk.receipts
        .give_up(desk.now + ORDER_TIMEOUT - Duration::from_millis(1));
    assert_eq!(waiting.try_recv(), Err(TryRecvError::Empty));
    assert_eq!(desk.room.available_permits(), ROOM - 1);
    desk.receipts.give_up(desk.now + ORDER_TIMEOUT);

    let rejection = Rejection::unavailable("the message was not ordered within 20s");
    assert_eq!(waiting.try_recv(), Ok(Err(rejection)));
    assert_eq!(desk.room.available_permits(), ROOM);
}

#[test]
fn without_anybody_to_order_them_all_messages_are_given_up_at_once() {
    let mut desk = Desk::new();
    let mut answers = [desk.wait("a", 1), desk.wait("b", 2)];
    let rejection = Rejection::unavailable("no Raft leader");

    desk.receipts.give_up_all(&rejection);

    for answer in &mut answers {
        assert_eq!(answer.try_recv(), Ok(Err(rejection.clone())));
    }
    assert!(desk.receipts.is_empty());
}

#[test]
fn only_messages_of_this_orderer_are_refused_here() {
    let mut desk = Desk::new();
    let (stamp, mut waiting) = desk.ask(request("a"), 1);
    let rejection = Rejection::bad_request("no longer");
    let foreign = stamp.map(|stamp| Stamp { submitter: 8, ..stamp });

    desk.receipts.refused(foreign, rejection.clone());
    desk.receipts.refused(None, rejection.clone());
    assert_eq!(waiting.try_recv(), Err(TryRecvError::Empty));
    desk.receipts.refused(stamp, rejection.clone());

    assert_eq!(waiting.try_recv(), Ok(Err(rejection)));
}

#[test]
fn an_update_is_recognized_in_whatever_envelope_it_is_wrapped_and_others_are_looked_at_again() {
    let update = |text: &str| Envelope {
        payload: text.as_bytes().to_vec(),
        signature: Vec::new(),
    };
    let wrapped = |by: &str, update: Envelope| {
        let config = ConfigEnvelope {
            config: None,
            last_update: Some(update),
        };
        let payload = Payload {
            header: Some(Default::default()),
            data: config.encode_to_vec(),
        };
        let envelope = Envelope {
            payload: payload.encode_to_vec(),
            signature: by.as_bytes().to_vec(),
        };
        Bytes::from(envelope.encode_to_vec())
    };
    let mut desk = Desk::new();
    let mut answers = ["mine", "another"].map(|text| {
        let mut request = request("");
        request.is_config = true;
        request.message.bytes = wrapped("this orderer", update(text));
        desk.ask(request, 1).1
    });
    let mut transaction = desk.wait("a transaction", 1);
    let stale = Rejection::bad_request("stale");

    let config = wrapped("the leader", update("mine"));
    desk.receipts.reconfigured(&config, |_| Err(stale.clone()));

    assert_eq!(answers[0].try_recv(), Ok(Ok(())));
    assert_eq!(answers[1].try_recv(), Ok(Err(stale)));
    assert_eq!(transaction.try_recv(), Err(TryRecvError::Empty));
}
