/** What waits for somebody, found in what the API answers. */
import type { Schemas } from '@/api/client';
import type { Operation } from '@/api/queries';

export type Task =
  | { kind: 'operation'; key: string; operation: Operation }
  | { kind: 'certificate'; key: string; certificate: Schemas['CertificateView'] }
  | { kind: 'approval'; key: string; approvals: Schemas['ContractApprovals']; organizations: string[] }
  | { kind: 'invitation'; key: string; invitation: Schemas['InvitationView'] }
  | { kind: 'record'; key: string; record: Schemas['Record'] }
  | { kind: 'decision'; key: string; record: Schemas['Record'] };

/** Operations that have failed, or fail at this moment, and have not been made good by a later one on the same thing. */
export function failing(newestFirst: Operation[]): Operation[] {
  const seen = new Set<string>();
  return newestFirst.filter((operation) => {
    const { uid, node } = operation.target;
    const about = `${uid} ${node ?? ''}`;
    const isNewest = !seen.has(about);
    seen.add(about);
    return (
      isNewest && (operation.state === 'failed' || (operation.state === 'running' && operation.error != null))
    );
  });
}

/** Days before its end by which the platform should have renewed what it renews by itself. */
const OVERDUE = 7;

/** Certificates that end soon and that nobody but a person renews, or that the platform should have renewed by now. */
export const ending = (certificates: Schemas['CertificateView'][]) =>
  certificates.filter(({ renewal, daysLeft }) => renewal === 'manual' || daysLeft < OVERDUE);

/** The organizations for which somebody may still say what they make of a proposal that too few have approved. */
export function awaited({ awaitsApproval, proposal, members }: Schemas['ContractApprovals']): string[] {
  if (!awaitsApproval || !proposal) return [];
  const waiting = new Set(
    (proposal.organizations ?? [])
      .filter(({ standing = 'waiting' }) => standing === 'waiting')
      .map(({ organization }) => organization),
  );
  return members
    .filter(({ organization, mayDecide, decision }) => {
      const hasDecided = decision?.definition === proposal.digest;
      return mayDecide && waiting.has(organization) && !hasDecided;
    })
    .map(({ organization }) => organization);
}
