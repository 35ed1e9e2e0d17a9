import { useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { operationQuery } from '@/api/queries';
import { Loaded, OperationBadge, PageHead } from '@/kit';

const route = getRouteApi('/shell/operations/$operation');

/** How one thing that was asked for goes. */
export function OperationPage() {
  const { operation: id } = route.useParams();
  const query = useQuery(operationQuery(id));
  return (
    <Loaded query={query}>
      {(operation) => (
        <PageHead title={operation.target.name}>
          <OperationBadge state={operation.state} />
        </PageHead>
      )}
    </Loaded>
  );
}
