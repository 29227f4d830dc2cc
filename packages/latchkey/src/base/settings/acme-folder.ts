/** Where a certificate of the server's own lies. */
import { join } from 'node:path';

/** The folder of a certificate of the server's own: in the data folder, or one that several nodes share. */
export function acmeFolderOf({
  data,
  acmeFolder,
}: {
  readonly data: string;
  readonly acmeFolder: string | null;
}): string {
  return acmeFolder ?? join(data, 'acme');
}

/** That certificate, with its key in the same file. */
export function acmeCertificateOf(values: Parameters<typeof acmeFolderOf>[0]): string {
  return join(acmeFolderOf(values), 'certificate.pem');
}
