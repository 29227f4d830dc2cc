/** What is wrong with the settings: problems that come with their next step. */
import { type Complaint, Problem } from '../errors.ts';

/** A complaint with the next step. */
export interface SettingComplaint extends Complaint {
  readonly hint: string;
}

/** The settings can't be used. `complaints` holds everything that is wrong with them. */
export class SettingsProblem extends Problem {
  declare readonly complaints: readonly SettingComplaint[];

  constructor(complaints: readonly SettingComplaint[]) {
    super(complaints);
  }
}

/** A complaint about one setting, by its key, or about none in particular. */
export function settingComplaint(field: string | null, message: string, hint: string): SettingComplaint {
  return { field, code: 'invalid', message, hint };
}
