//! The chain of hashes, and finding where it is broken.

use entente_fabric::crypto::sha256;
use serde_json::Value;

use super::{AuditEvent, retention};

/// The hash of a row; what the row says its hash is does not count.
///
/// # Errors
/// When the row cannot be written as JSON.
pub fn hash(event: &AuditEvent) -> Result<String, serde_json::Error> {
    let mut value = serde_json::to_value(event)?;
    if let Value::Object(fields) = &mut value {
        fields.remove("hash");
    }
    // RFC 8785 §3.2.3. The names here are ASCII, so bytes are in the order of UTF-16 units, too.
    value.sort_all_objects();
    Ok(hex::encode(sha256(&serde_json::to_vec(&value)?)))
}

/// Where a chain is broken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Broken {
    #[error("row {seq} is missing, or out of order")]
    Missing { seq: i64 },
    #[error("row {seq} was edited: its hash is not that of what it says")]
    Edited { seq: i64 },
    #[error("row {seq} does not follow the row before: that one was replaced")]
    Replaced { seq: i64 },
    #[error("the chain ends at row {found}, and had {known}: the last rows are missing")]
    Truncated { found: i64, known: i64 },
    #[error("the chain begins after row {seq}, and no row tells that the rows up to it were kept long enough")]
    Beheaded { seq: i64 },
}

/// Follows a chain, row by row, from its first one, or from where the retention has cut it off.
#[derive(Debug, Default)]
pub struct Verifier {
    seq: i64,
    hash: String,
    /// The row before the first one that is there, and its hash as that one says it.
    begin: Option<(i64, String)>,
    /// What the last row of the retention says of where the chain begins.
    pruned: Option<(i64, String)>,
}

impl Verifier {
    /// Takes the next row.
    ///
    /// # Errors
    /// Where the chain is broken.
    pub fn take(&mut self, event: &AuditEvent) -> Result<(), Broken> {
        if self.seq == 0 && event.seq > 1 {
            (self.seq, self.hash) = (event.seq - 1, event.previous.clone());
            self.begin = Some((self.seq, self.hash.clone()));
        }
        let seq = self.seq + 1;
        if event.seq != seq {
            return Err(Broken::Missing { seq });
        }
        if hash(event).ok().as_ref() != Some(&event.hash) {
            return Err(Broken::Edited { seq });
        }
        if event.previous != self.hash {
            return Err(Broken::Replaced { seq });
        }
        self.seq = seq;
        self.hash.clone_from(&event.hash);
        if let Some(checkpoint) = retention::checkpoint(event) {
            self.pruned = Some(checkpoint);
        }
        Ok(())
    }

    /// Ends a chain: if it lacks its first rows, one of those that are left has to tell up to which, with the hash of that
    /// one. So nobody else cuts off the beginning.
    ///
    /// # Errors
    /// When no row tells so.
    pub fn begins_where_it_may(&self) -> Result<(), Broken> {
        match &self.begin {
            Some((seq, _)) if self.begin != self.pruned => Err(Broken::Beheaded { seq: *seq }),
            _ => Ok(()),
        }
    }

    /// The last row that is no longer kept, and its hash.
    pub fn begin(&self) -> Option<(i64, &str)> {
        self.begin.as_ref().map(|(seq, hash)| (*seq, hash.as_str()))
    }

    /// Ends at a head that was known before: its row and hash.
    ///
    /// # Errors
    /// When the chain does not reach so far.
    pub fn reaches(&self, known: i64) -> Result<(), Broken> {
        let found = self.seq;
        if found < known {
            return Err(Broken::Truncated { found, known });
        }
        Ok(())
    }

    /// Number and hash of the last row.
    pub fn head(&self) -> (i64, &str) {
        (self.seq, &self.hash)
    }
}

#[cfg(test)]
mod tests {
    use entente_api::time::Time;
    use serde_json::json;

    use super::super::Outcome;
    use super::*;

    fn rows(count: i64) -> Vec<AuditEvent> {
        let mut previous = String::new();
        let row = |seq| {
            let mut event = AuditEvent {
                seq,
                time: Time::now(),
                actor: "li@bank.example".to_owned(),
                actor_id: "u1".to_owned(),
                action: "chain_create".to_owned(),
                object: format!("chains/ledger{seq}"),
                outcome: Outcome::Done,
                status: 202,
                code: None,
                request_id: "r".to_owned(),
                address: "127.0.0.1".to_owned(),
                before: None,
                after: Some(json!({"b": 1, "a": {"d": 2, "c": 3}})),
                previous: previous.clone(),
                hash: String::new(),
            };
            event.hash = hash(&event).unwrap();
            previous.clone_from(&event.hash);
            event
        };
        (1..=count).map(row).collect()
    }

    fn verify(rows: &[AuditEvent]) -> Result<i64, Broken> {
        let mut verifier = Verifier::default();
        rows.iter().try_for_each(|row| verifier.take(row))?;
        verifier.begins_where_it_may()?;
        verifier.reaches(5)?;
        Ok(verifier.head().0)
    }

    #[test]
    fn a_whole_chain_is_believed() {
        assert_eq!(verify(&rows(5)), Ok(5));
    }

    #[test]
    fn what_was_edited_removed_replaced_reordered_or_cut_off_is_found() {
        let edited = {
            let mut rows = rows(5);
            rows[2].actor = "wang@bank.example".to_owned();
            rows
        };
        let removed = {
            let mut rows = rows(5);
            rows.remove(2);
            rows
        };
        let replaced = {
            let mut rows = rows(5);
            rows[2].actor = "wang@bank.example".to_owned();
            rows[2].hash = hash(&rows[2]).unwrap();
            rows
        };
        let reordered = {
            let mut rows = rows(5);
            rows.swap(1, 2);
            rows
        };

        assert_eq!(verify(&edited), Err(Broken::Edited { seq: 3 }));
        assert_eq!(verify(&removed), Err(Broken::Missing { seq: 3 }));
        assert_eq!(verify(&replaced), Err(Broken::Replaced { seq: 4 }));
        assert_eq!(verify(&reordered), Err(Broken::Missing { seq: 2 }));
        assert_eq!(verify(&rows(4)), Err(Broken::Truncated { found: 4, known: 5 }));
    }

    /// A chain whose last row says that it begins after a row with that hash.
    fn cut(told: i64, hash_of: usize) -> Vec<AuditEvent> {
        let mut rows = rows(5);
        let known = rows[hash_of].hash.clone();
        let last = &mut rows[4];
        let told = retention::row(told, &known, 2, 30, last.time);
        (last.actor, last.action, last.after) = (told.actor, told.action, told.after);
        last.hash = hash(last).unwrap();
        rows.split_off(2)
    }

    #[test]
    fn a_chain_without_its_first_rows_is_believed_when_the_retention_tells_up_to_which() {
        let without_a_row = rows(5).split_off(2);

        assert_eq!(verify(&cut(2, 1)), Ok(5));
        assert_eq!(verify(&cut(2, 0)), Err(Broken::Beheaded { seq: 2 }));
        assert_eq!(verify(&cut(1, 0)), Err(Broken::Beheaded { seq: 2 }));
        assert_eq!(verify(&without_a_row), Err(Broken::Beheaded { seq: 2 }));
    }

    #[test]
    fn the_order_of_fields_does_not_count() {
        let mut row = rows(1).remove(0);
        row.after = Some(json!({"a": {"c": 3, "d": 2}, "b": 1}));

        assert_eq!(hash(&row).unwrap(), row.hash);
    }
}
