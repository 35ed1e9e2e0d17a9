"""Works with a platform through nothing but the client that was generated from its document.

Takes the address and the token from the environment; fails by an exception.
"""

import os

from entente_client import AuthenticatedClient
from entente_client.api.chains import chain_create, chain_delete, chain_get, chain_list
from entente_client.api.ledger import contract_evaluate, contract_submit
from entente_client.api.operations import operation_wait
from entente_client.api.organizations import organization_create
from entente_client.models import ContractCall, NewChain, NewOrganization, OperationState, Problem, State

DIGEST = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

client = AuthenticatedClient(base_url=os.environ["SERVER"], token=os.environ["TOKEN"], timeout=150)


def done(accepted):
    """Waits for a change, and gives the operation as it ended."""
    assert not isinstance(accepted, Problem), accepted
    operation = operation_wait.sync(accepted.operation.id, client=client, timeout="2m")
    assert operation.state == OperationState.SUCCEEDED, operation
    return operation


bank = NewOrganization.from_dict({"name": "bank", "spec": {"displayName": "Bank of Hebei", "mspId": "BankMSP"}})
done(organization_create.sync(client=client, body=bank))

ledger = NewChain.from_dict({
    "name": "ledger",
    "spec": {
        "ordering": {"replicas": 1},
        "members": [{"organization": "bank"}],
        "contracts": [{"name": "evidence", "template": "evidence"}],
    },
})
operation = done(chain_create.sync(client=client, body=ledger))
assert operation.target.name == "ledger" and operation.progress.done == operation.progress.total, operation

chain = chain_get.sync("ledger", client=client)
assert (chain.name, chain.state, chain.generation) == ("ledger", State.READY, 1), chain
assert [item.name for item in chain_list.sync(client=client).items] == ["ledger"]

certify = ContractCall.from_dict({"function": "Certify", "arguments": [DIGEST, "invoice 4711"]})
committed = contract_submit.sync("ledger", "main", "evidence", client=client, body=certify)
assert committed.code == "VALID", committed
query = ContractCall.from_dict({"function": "Get", "arguments": [DIGEST]})
known = contract_evaluate.sync("ledger", "main", "evidence", client=client, body=query)
assert known.result["digest"] == DIGEST, known

again = chain_create.sync(client=client, body=ledger)
assert isinstance(again, Problem) and (again.status, again.code) == (409, "already_exists"), again
stale = chain_delete.sync_detailed("ledger", client=client, if_match='"another"')
assert stale.status_code == 412 and stale.parsed.code == "precondition_failed", stale
