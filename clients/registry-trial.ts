/** A container registry with skopeo: docker's token flow, and a small image. */
import { createHash } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from '../bench/command.ts';
import { bare, freePort, refused, type Service, startOn } from './service-trial.ts';

export const registry: Service = {
  name: 'registry',
  title: 'container registry',
  programs: ['docker-registry', 'skopeo'],
  map: 'registry.yaml',
  host: 'registry.example.org',
  address: '127.0.2.2',
  permission: 'images:images',
  writes: 'admin',
  start: async (given) => {
    const port = await freePort();
    const config = join(given.folder, 'registry.yml');
    await writeFile(
      config,
      `version: 0.1\nlog: { level: error }\nstorage: { filesystem: { rootdirectory: ${given.folder}/registry }, ` +
        `delete: { enabled: true } }\nhttp: { addr: 127.0.0.1:${port} }\n`,
    );
    return startOn(given, port, [join(given.root, 'usr/bin/docker-registry'), 'serve', config]);
  },
  use: async ({ folder, root, at, tokens }) => {
    const layout = await imageLayout(join(folder, 'image'));
    const env = bare({ LD_LIBRARY_PATH: join(root, 'usr/lib/x86_64-linux-gnu'), XDG_RUNTIME_DIR: folder }, folder);
    const skopeo = (args: readonly string[]): Promise<unknown> =>
      run(join(root, 'usr/bin/skopeo'), ['--insecure-policy', ...args], { env });
    const remote = `docker://${at}/acme/deep/site:1`;
    const push = (token: string): Promise<unknown> =>
      skopeo(['copy', '--dest-tls-verify=false', '--dest-creds', `ada:${token}`, layout, remote]);
    const inspect = (token: string | null): Promise<unknown> =>
      skopeo(['inspect', '--tls-verify=false', ...(token === null ? [] : ['--creds', `ada:${token}`]), remote]);
    await refused(push(tokens.reader), /lacks images:images|denied/i);
    await push(tokens.writer);
    await inspect(tokens.reader);
    await refused(inspect(null), /unauthorized|authentication required/i);
    await refused(inspect(`${tokens.reader.slice(0, -4)}AAAA`), /unauthorized|invalid|typo|mistyped|damaged/i);
    await skopeo([
      'list-tags',
      '--tls-verify=false',
      '--creds',
      `ada:${tokens.reader}`,
      `docker://${at}/acme/deep/site`,
    ]);
    const remove = (token: string): Promise<unknown> =>
      skopeo(['delete', '--tls-verify=false', '--creds', `ada:${token}`, remote]);
    await refused(remove(tokens.reader), /lacks images:images|denied|403/i);
    await remove(tokens.writer);
    return 'sign-in by the token flow, push, inspect, list tags, delete; wrong and missing tokens';
  },
};

/** A small image as a folder (OCI image layout). */
async function imageLayout(folder: string): Promise<string> {
  await mkdir(join(folder, 'blobs/sha256'), { recursive: true });
  const blob = async (content: string | Buffer, mediaType: string): Promise<object> => {
    const digest = createHash('sha256').update(content).digest('hex');
    await writeFile(join(folder, 'blobs/sha256', digest), content);
    return { mediaType, digest: `sha256:${digest}`, size: Buffer.byteLength(content) };
  };
  const layer = await blob(Buffer.alloc(1024), 'application/vnd.oci.image.layer.v1.tar');
  const config = await blob(
    JSON.stringify({
      architecture: 'amd64',
      os: 'linux',
      rootfs: { type: 'layers', diff_ids: [(layer as { digest: string }).digest] },
    }),
    'application/vnd.oci.image.config.v1+json',
  );
  const type = 'application/vnd.oci.image.manifest.v1+json';
  const manifest = await blob(JSON.stringify({ schemaVersion: 2, mediaType: type, config, layers: [layer] }), type);
  await writeFile(join(folder, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}');
  await writeFile(
    join(folder, 'index.json'),
    JSON.stringify({
      schemaVersion: 2,
      manifests: [{ ...manifest, annotations: { 'org.opencontainers.image.ref.name': '1' } }],
    }),
  );
  return `oci:${folder}:1`;
}
