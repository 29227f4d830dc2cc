/** `/download`: how people get the command `latchkey`, in the forms that this server offers. */
import type { VNode } from 'preact';
import { CLIENT_EXECUTABLES, CLIENT_PACKAGE, DIGEST_FILE } from '../../../catalogue/client-files.ts';
import { offeredFiles } from '../frame/downloads.ts';
import type { Visit } from '../frame/visit.ts';
import { type Answer, page, type WebPage } from '../frame/web-page.ts';
import { CommandBox, Subhead } from '../parts/components.tsx';

async function show(visit: Visit): Promise<Answer> {
  const { publicUrl, downloads } = visit.ctx.settings;
  const offered = await offeredFiles(downloads);
  const base = `${publicUrl}/download`;
  return page(
    'The latchkey command',
    <div class="lk-narrow-page">
      <Subhead title="The latchkey command" level={1} />
      <p class="mb-4">
        It signs you in with your browser, gives git a token that you never see or copy, and finds out why git says no.
      </p>
      {CLIENT_EXECUTABLES.map(({ file, system, install }) => {
        const digest = offered.get(file);
        return digest === undefined ? null : (
          <Executable
            key={file}
            file={file}
            system={system}
            digest={digest}
            lines={install(`${base}/${file}`, digest)}
          />
        );
      })}
      <WithNode base={base} digest={offered.get(CLIENT_PACKAGE) ?? null} isAlone={offered.size === 0} />
      <Subhead title="Then sign in" />
      <CommandBox id="sign-in" label="Sign in" lines={`latchkey login ${publicUrl}`} />
      <p class="note">
        Nothing else has to be typed: git clones, fetches and pushes with the token, and the command renews it.{' '}
        <code>latchkey --help</code> lists what else it does.
      </p>
      {offered.size === 0 ? null : <WhereItIs />}
    </div>,
  );
}

function WhereItIs(): VNode {
  return (
    <>
      <p class="note">
        If your shell doesn’t find it: it is in <code>~/.local/bin</code>, on Windows in the folder that you are in.
        Call it by its path, or add that folder to <code>PATH</code>.
      </p>
      <p class="note">
        The digests of all files: <a href={`/download/${DIGEST_FILE}`}>{DIGEST_FILE}</a>.
      </p>
    </>
  );
}

function Executable({ file, system, digest, lines }: Record<'file' | 'system' | 'digest' | 'lines', string>): VNode {
  return (
    <section class="mb-4">
      <Subhead title={system} />
      <p>
        One file, which needs git and nothing else: <a href={`/download/${file}`}>{file}</a>
      </p>
      <CommandBox id={`install-${file}`} label={`Install on ${system}`} lines={lines} />
      <p class="note mt-2 lk-digest">
        SHA-256: <code>{digest}</code>
      </p>
    </section>
  );
}

/** The package; if nothing is offered, what works instead. */
function WithNode({ base, digest, isAlone }: { base: string; digest: string | null; isAlone: boolean }): VNode | null {
  if (digest !== null)
    return (
      <section class="mb-4">
        <Subhead title="With Node.js 24 or later, on any system" />
        <p>
          A small package without dependencies: <a href={`/download/${CLIENT_PACKAGE}`}>{CLIENT_PACKAGE}</a>
        </p>
        <CommandBox
          id="install-package"
          label="Install with npm"
          lines={`npm install --global ${base}/${CLIENT_PACKAGE}`}
        />
        <p class="note mt-2 lk-digest">
          SHA-256: <code>{digest}</code>
        </p>
      </section>
    );
  if (!isAlone) return null;
  return (
    <section class="mb-4">
      <Subhead title="From a checkout of Latchkey" />
      <p>This server offers no file to download. With git and Node.js, a checkout makes the package:</p>
      <CommandBox
        id="install-checkout"
        label="Install from a checkout"
        lines={
          'npm ci && npm run build:cli -- package\n' +
          `npm install --global ./packages/latchkey/dist/download/${CLIENT_PACKAGE}`
        }
      />
      <p class="note">Whoever runs this server can offer it here: the same command on the server’s machine does it.</p>
    </section>
  );
}

export const downloadPages: readonly WebPage[] = [{ path: '/download', access: 'anybody', get: show }];
