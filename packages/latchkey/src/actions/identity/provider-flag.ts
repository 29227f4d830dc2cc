/** What an identity provider disabled: lifted by an administrator. */
import { problem } from '../../base/errors.ts';
import { setDisabledByProvider } from '../../store/account-flags.ts';
import { userNamed } from '../accounts/accounts.ts';
import type { Permit } from '../decision/authorize.ts';
import type { Context } from '../ground/context.ts';
import { record } from '../ground/record.ts';

/**
 * An administrator lifts what a provider set: for a provider that is gone, or an error there. The next word of the
 * provider counts again.
 * @throws Problem when no provider disabled the account
 */
export async function liftProviderFlag(ctx: Context, permit: Permit, login: string): Promise<void> {
  await ctx.store.transaction(async (tx) => {
    const user = await userNamed(tx, login);
    if (!(await setDisabledByProvider(tx, user.id, null)))
      throw problem('unprocessable', `No identity provider has disabled ${user.login}.`, 'login');
    await record(tx, permit, ctx.clock.now(), {
      action: 'external_identity.reprovision',
      userId: user.id,
      data: { login: user.login },
    });
  });
}
