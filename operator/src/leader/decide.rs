//! When to take the lead, when to renew it, and when to give it up. Pure: time comes as an argument.
//!
//! Nobody's clock is compared with anybody else's. A candidate counts from when it has itself seen the lease change, which
//! is after the leader has sent that change; the leader counts from when it began to send it. So a leader that gives up
//! after less than the lease's length has given up before any candidate may begin.

use std::time::{Duration, Instant};

/// The times of an election.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Times {
    /// How long a lease that is not renewed keeps others away.
    pub lease: Duration,
    /// How long a leader that cannot renew goes on. The rest of the lease is for what it has already sent.
    pub patience: Duration,
    /// How often a leader renews.
    pub renewal: Duration,
    /// Pause after an attempt that failed.
    pub retry: Duration,
}

impl Default for Times {
    fn default() -> Times {
        Times {
            lease: Duration::from_secs(15),
            patience: Duration::from_secs(10),
            renewal: Duration::from_secs(4),
            retry: Duration::from_secs(1),
        }
    }
}

/// A lease as it was last seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// `None`: it was released.
    pub holder: Option<String>,
    /// How long its holder has said that it holds.
    pub length: Duration,
    /// When it was seen to be so for the first time.
    pub since: Instant,
}

/// What a candidate does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Candidacy {
    Take,
    /// Somebody leads: nothing can be done before this, unless the lease changes.
    Wait(Instant),
}

/// What a leader does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Leadership {
    Renew,
    /// Nothing, until this.
    Rest(Instant),
    /// Act no more.
    GiveUp,
}

/// What `me` does about a lease that it does not hold. `None`: there is none.
pub fn candidacy(seen: Option<&Seen>, me: &str, now: Instant) -> Candidacy {
    let Some(seen) = seen else { return Candidacy::Take };
    match &seen.holder {
        None => Candidacy::Take,
        // Written by an attempt of ours whose answer was lost.
        Some(holder) if holder == me => Candidacy::Take,
        Some(_) if now >= seen.since + seen.length => Candidacy::Take,
        Some(_) => Candidacy::Wait(seen.since + seen.length),
    }
}

/// What a leader does whose last successful renewal was begun at `renewed`. `failed`: an attempt since then has failed.
pub fn leadership(renewed: Instant, failed: bool, now: Instant, times: &Times) -> Leadership {
    if now >= renewed + times.patience {
        return Leadership::GiveUp;
    }
    if failed || now >= renewed + times.renewal {
        return Leadership::Renew;
    }
    Leadership::Rest(renewed + times.renewal)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(count: u64) -> Duration {
        Duration::from_secs(count)
    }

    fn held_by(holder: Option<&str>, since: Instant) -> Seen {
        Seen {
            holder: holder.map(str::to_owned),
            length: seconds(15),
            since,
        }
    }

    #[test]
    fn a_candidate_takes_what_nobody_holds_and_waits_for_what_somebody_does() {
        let start = Instant::now();
        let now = start + seconds(14);
        let other = held_by(Some("other"), start);

        assert_eq!(candidacy(None, "me", now), Candidacy::Take);
        assert_eq!(candidacy(Some(&held_by(None, start)), "me", now), Candidacy::Take);
        assert_eq!(candidacy(Some(&held_by(Some("me"), start)), "me", now), Candidacy::Take);
        assert_eq!(candidacy(Some(&other), "me", now), Candidacy::Wait(start + seconds(15)));
        assert_eq!(candidacy(Some(&other), "me", start + seconds(15)), Candidacy::Take);
    }

    #[test]
    fn a_leader_renews_in_time_or_gives_up() {
        let (start, times) = (Instant::now(), Times::default());
        let after = |count, failed| leadership(start, failed, start + seconds(count), &times);

        assert_eq!(after(1, false), Leadership::Rest(start + seconds(4)));
        assert_eq!(after(4, false), Leadership::Renew);
        assert_eq!(after(1, true), Leadership::Renew);
        assert_eq!(after(9, true), Leadership::Renew);
        assert_eq!(after(10, true), Leadership::GiveUp);
        assert_eq!(after(10, false), Leadership::GiveUp);
    }

    #[test]
    fn no_two_act_at_a_time_whatever_is_delayed() {
        let times = Times::default();
        // Every delay of the renewal on its way, of the news of it, and of the moment the candidate looks.
        for (sent, seen, looks) in (0..12).flat_map(|a| (0..12).flat_map(move |b| (0..40).map(move |c| (a, b, c)))) {
            let start = Instant::now();
            let known = Seen {
                since: start + seconds(sent + seen),
                ..held_by(Some("other"), start)
            };
            let now = start + seconds(looks);
            let takes = now >= known.since && candidacy(Some(&known), "me", now) == Candidacy::Take;
            let leads = leadership(start, true, now, &times) != Leadership::GiveUp;

            assert!(!(takes && leads), "sent {sent} seen {seen} looks {looks}");
        }
    }
}
