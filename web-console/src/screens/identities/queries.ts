import { queryOptions } from '@tanstack/react-query';
import { api, call, type Schemas } from '@/api/client';
import { listOptions, present } from '@/api/queries';

export type Identity = Schemas['Identity'];
export type Certificate = Schemas['CertificateView'];

export const CERTIFICATE_TYPES = [
  'identityAuthority',
  'tlsAuthority',
  'identity',
  'node',
  'enrolled',
] as const satisfies Schemas['CertificateType'][];

export type CertificateFilter = {
  chain?: string | undefined;
  organization?: string | undefined;
  within?: string | undefined;
  type?: string | undefined;
};

export const certificatesQuery = ({ chain, organization, within, type }: CertificateFilter) =>
  listOptions(['certificates', chain, organization, within, type], (pageToken) =>
    call(
      api.GET('/v1/certificates', {
        params: {
          query: present({
            chain,
            organization,
            expiresWithin: within,
            type: CERTIFICATE_TYPES.find((each) => each === type),
            pageToken,
          }),
        },
      }),
    ),
  );

export const identitiesQuery = (filter: { q?: string | undefined; organization?: string | undefined }) =>
  listOptions(['identities', filter], (pageToken) =>
    call(api.GET('/v1/identities', { params: { query: present({ ...filter, pageToken }) } })),
  );

/** One identity, asked for again every second until its certificate is as asked. */
export const identityQuery = (name: string) =>
  queryOptions({
    queryKey: ['identities', name],
    queryFn: () => call(api.GET('/v1/identities/{name}', { params: { path: { name } } })),
    refetchInterval: ({ state: { data } }) =>
      data && ['pending', 'provisioning', 'updating'].includes(data.state) ? 1000 : false,
  });
