/** The field for a token's expiration: presets, a date, or never, as far as policies allow. */
import type { VNode } from 'preact';
import { DAY_SEC, isoDate, type UnixSeconds } from '../../../../base/time.ts';
import { MAX_LIFETIME_DAYS } from '../../../../rules/policy.ts';
import { DEFAULT_LIFETIME_DAYS } from '../../../../rules/token-limits.ts';
import { type Choice, Select } from '../../parts/choice-fields.tsx';
import { Day, Instant } from '../../parts/components.tsx';
import type { Fields } from '../../parts/fields.ts';
import { usePageContext } from '../../parts/page-context.ts';
import { TextField } from '../../parts/text-fields.tsx';
import { dayAt } from './draft.ts';

const PRESET_DAYS = [7, 30, 60, 90];

interface Props {
  readonly f: Fields;
  readonly at: UnixSeconds;
  readonly capDays: number | null;
  /** The initial choice: a number of days, or `none`. */
  readonly value?: string;
  readonly note?: string;
}

/** @param capDays longest life in days that the policies in force allow; null = no cap */
export function ExpirationField({ f, at, capDays, value, note }: Props): VNode {
  const { times } = usePageContext();
  const chosen = f.value(
    'expires_in',
    value ?? String(Math.min(DEFAULT_LIFETIME_DAYS, capDays ?? DEFAULT_LIFETIME_DAYS)),
  );
  const days = [
    ...new Set([
      ...PRESET_DAYS,
      ...(/^[1-9]\d{0,3}$/.test(chosen) ? [Number(chosen)] : []),
      ...(capDays === null ? [] : [capDays]),
    ]),
  ];
  const offered = days
    .filter((each) => capDays === null || each <= capDays || String(each) === chosen)
    .sort((a, b) => a - b);
  const choices: Choice[] = [
    ...offered.map((each) => ({
      value: String(each),
      label: `${each} ${each === 1 ? 'day' : 'days'} (${times.date(at + each * DAY_SEC)})`,
    })),
    { value: 'custom', label: 'Custom day' },
    ...(capDays === null || chosen === 'none' ? [{ value: 'none', label: 'No expiration' }] : []),
  ];
  const capWords =
    capDays === null
      ? undefined
      : `A policy caps the life of this token at ${capDays} ${capDays === 1 ? 'day' : 'days'}.`;
  const words = [note, capWords].filter((each) => each !== undefined).join(' ');
  return (
    <div data-custom-day={chosen === 'custom' ? 'on' : 'off'} class="lk-expiration">
      <Select
        f={f}
        name="expires_in"
        label="Expiration"
        value={chosen}
        choices={choices}
        {...(words === '' ? {} : { note: words })}
      />
      <div class="lk-custom-day">
        <TextField
          f={f}
          name="expires_at"
          label="Day on which it ends"
          type="date"
          block={false}
          note="Used with “Custom day”. It ends at 00:00 UTC on that day."
          min={isoDate(at + DAY_SEC)}
          max={isoDate(at + (capDays ?? MAX_LIFETIME_DAYS) * DAY_SEC)}
        />
      </div>
    </div>
  );
}

/** What was typed there, for the summary of the form. */
export function ExpirationWords({ at, source }: { at: UnixSeconds; source: URLSearchParams }): VNode {
  const chosen = source.get('expires_in') ?? '';
  if (chosen === 'none') return <>never ends</>;
  const day = dayAt(source.get('expires_at') ?? '');
  const days = chosen === '' ? DEFAULT_LIFETIME_DAYS : Number(chosen);
  const end =
    chosen === 'custom' ? (
      day === null ? (
        'the day that you choose'
      ) : (
        <Instant at={day} />
      )
    ) : Number.isInteger(days) && days > 0 && days < 1000 ? (
      <Day at={at + days * DAY_SEC} />
    ) : (
      '…'
    );
  return <>until {end}</>;
}
