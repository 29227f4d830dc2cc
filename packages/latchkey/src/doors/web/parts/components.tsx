/** Small pieces that many pages use. */
import type { ComponentChildren, VNode } from 'preact';
import './elements.ts';
import { DAY_SEC, isoInstant, spokenInstant, type UnixSeconds } from '../../../base/time.ts';
import type { IconName } from '../styles/icons.ts';
import { usePageContext } from './page-context.ts';

/** An icon, 16 px, in the colour of the words beside it. They say what it says: nobody needs to see it. */
export function Icon({ name }: { name: IconName }): VNode {
  const { icons } = usePageContext();
  return (
    <svg class="lk-icon" width="16" height="16" aria-hidden="true">
      <use href={`${icons}#${name}`} />
    </svg>
  );
}

/** Further away than this an instant is its day: no browser draws it, each in the words of its own language. */
const NEAR_SEC = 30 * DAY_SEC;

/**
 * An instant as "3 days ago", or as its day when it is far; without scripts as date and time in the reader's zone; on
 * hover in UTC.
 */
export function Time({ at }: { at: UnixSeconds }): VNode {
  const { times, now } = usePageContext();
  if (Math.abs(at - now) >= NEAR_SEC) return <Day at={at} />;
  return (
    <relative-time datetime={isoInstant(at)} title={spokenInstant(at)} format="relative" no-title>
      {times.instant(at)}
    </relative-time>
  );
}

/** A day, where the hour doesn't matter, in the reader's zone; on hover the instant in UTC. */
export function Day({ at }: { at: UnixSeconds }): VNode {
  const { times } = usePageContext();
  return (
    <time datetime={isoInstant(at)} title={spokenInstant(at)}>
      {times.date(at)}
    </time>
  );
}

/** An instant that is still to come, in full, in the reader's zone; on hover in UTC. */
export function Instant({ at }: { at: UnixSeconds }): VNode {
  const { times } = usePageContext();
  return (
    <time datetime={isoInstant(at)} title={spokenInstant(at)}>
      {times.instant(at)}
    </time>
  );
}

/** The time of day, where the day is said above; in the reader's zone, on hover the instant in UTC. */
export function TimeOfDay({ at }: { at: UnixSeconds }): VNode {
  const { times } = usePageContext();
  return (
    <time datetime={isoInstant(at)} title={spokenInstant(at)}>
      {times.time(at)}
    </time>
  );
}

/** "When", with the zone of the times below. */
export function WhenHead(): VNode {
  const { times } = usePageContext();
  return (
    <th scope="col">
      When <span class="text-normal color-fg-muted">({times.zone ?? 'UTC'})</span>
    </th>
  );
}

/** "never used", or when it last was. @param at null = never */
export function LastUsed({ at }: { at: UnixSeconds | null }): VNode {
  if (at === null) return <>never used</>;
  return (
    <>
      last used <Time at={at} />
    </>
  );
}

/** Recovery codes, as they are read and typed. */
export function CodeList({ codes }: { codes: readonly string[] }): VNode {
  return (
    <ul class="lk-codes lk-mono mb-3" aria-label="Recovery codes">
      {codes.map((code) => (
        <li>{code}</li>
      ))}
    </ul>
  );
}

/** A secret that is shown this once, with a button that copies it. */
export function SecretBox({ id, secret }: { id: string; secret: string }): VNode {
  return (
    <div class="lk-secret">
      <code id={id}>{secret}</code>
      <CopyButton for={id} label="Copy token" tone="primary" />
    </div>
  );
}

/** A text with a button that copies it. Without scripts the text can be selected. */
export function CopyBox({ id, value, label }: { id: string; value: string; label: string }): VNode {
  return (
    <div class="copy-box">
      <input
        id={id}
        class="form-control input-monospace input-block"
        readonly
        value={value}
        aria-label={label}
        data-select
      />
      <CopyButton for={id} label={`Copy ${label.toLowerCase()}`} />
    </div>
  );
}

/** Lines to paste into a terminal, with a button that copies them. */
export function CommandBox({ id, lines, label }: { id: string; lines: string; label: string }): VNode {
  return (
    <div class="copy-box command-box">
      <pre id={id} tabIndex={0} role="region" aria-label={label}>
        {lines}
      </pre>
      <CopyButton for={id} label={`Copy ${label.toLowerCase()}`} />
    </div>
  );
}

/** The button alone, for copying an element's content or a given text. Visible only where scripts run. */
export function CopyButton({
  label,
  tone = 'default',
  ...what
}: { label: string; tone?: 'default' | 'primary' } & ({ for: string } | { value: string })): VNode {
  const look = tone === 'primary' ? 'btn btn-primary' : 'btn btn-sm';
  return (
    <clipboard-copy {...what} class={look} aria-label={label} role="button" tabIndex={0}>
      <Icon name="copy" /> <span>Copy</span>
    </clipboard-copy>
  );
}

/** A word on a coloured background, for what differs from what one expects. */
export function Label({
  tone = 'secondary',
  icon,
  children,
}: {
  tone?: 'secondary' | 'success' | 'attention' | 'danger' | 'accent';
  icon?: IconName;
  children: ComponentChildren;
}): VNode {
  return (
    <span class={`Label Label--${tone}`}>
      {icon === undefined ? null : <Icon name={icon} />}
      {children}
    </span>
  );
}

/** What an empty list shows. */
export function Blankslate({
  heading,
  icon,
  children,
}: {
  heading: string;
  icon?: IconName;
  children?: ComponentChildren;
}): VNode {
  return (
    <div class="Box">
      <div class="blankslate">
        {icon === undefined ? null : <Icon name={icon} />}
        <h2 class="blankslate-heading">{heading}</h2>
        <div class="color-fg-muted">{children}</div>
      </div>
    </div>
  );
}

/** A picture of an account: its first letter on the account's colour. */
export function Avatar({ login, size = 'small' }: { login: string; size?: 'small' | 'large' }): VNode {
  const hue = [...login.toLowerCase()].reduce((sum, letter) => (sum * 31 + (letter.codePointAt(0) ?? 0)) % 8, 7);
  return (
    <span class={`lk-avatar lk-avatar-${size} lk-hue-${hue}`} aria-hidden="true">
      {login.charAt(0).toUpperCase()}
    </span>
  );
}

const NOTICE_ICONS = {
  success: 'check-circle-fill',
  warn: 'alert',
  error: 'no-entry',
  info: 'info',
} as const satisfies Record<string, IconName>;

/** A message in a frame. */
export function Notice({
  tone,
  role,
  children,
}: {
  tone: 'success' | 'warn' | 'error' | 'info';
  role?: 'status' | 'alert';
  children: ComponentChildren;
}): VNode {
  const look = { success: ' flash-success', warn: ' flash-warn', error: ' flash-error', info: '' }[tone];
  return (
    <div class={`flash mb-3${look}`} {...(role === undefined ? {} : { role })}>
      <Icon name={NOTICE_ICONS[tone]} />
      <div class="lk-flash-words">{children}</div>
    </div>
  );
}

/** The heading of a part of the page, with its actions beside it. */
export function Subhead({
  title,
  children,
  level = 2,
}: {
  title: string;
  children?: ComponentChildren;
  level?: 1 | 2;
}): VNode {
  const Heading = `h${level}` as 'h1' | 'h2';
  return (
    <div class="Subhead">
      <Heading class="Subhead-heading">{title}</Heading>
      {children === undefined ? null : <div class="Subhead-actions">{children}</div>}
    </div>
  );
}

/**
 * A link to the next page of a list ordered by id, or nothing at the end. If a page has several lists, each needs its
 * own `label`.
 */
export function NextPage({
  href,
  label = 'Pages',
  children = 'Older',
}: {
  href: string | null;
  label?: string;
  children?: ComponentChildren;
}): VNode | null {
  if (href === null) return null;
  return (
    <nav class="paginate-container" aria-label={label}>
      <div class="pagination">
        <a class="next_page" rel="next" href={href}>
          {children}
        </a>
      </div>
    </nav>
  );
}
