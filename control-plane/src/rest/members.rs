//! `/v1/members`.

use entente_api::Member;
use entente_api::member::{MemberSpec, MemberStatus};

use super::crud::crud;

crud! {
    Member(MemberSpec, MemberStatus) at "/v1/members", "/v1/members/{name}" as "members";
    /// List members.
    list member_list;
    /// Create a member.
    ///
    /// Answers at once, with the operation that tracks it.
    create member_create;
    /// Read a member.
    get member_get;
    /// Make a member what the body says, creating it when there is none.
    put member_put;
    /// Change a member by a JSON Merge Patch.
    patch member_patch;
    /// Look whether a member can be deleted.
    ///
    /// Lists what stands in the way; changes nothing.
    deletable member_deletable at "/v1/members/{name}:deletable";
    /// Delete a member.
    delete member_delete;
}
