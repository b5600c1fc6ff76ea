// Quayside at work, a provider that is made up.
import { afterSeconds, checkedAnswer, memberAt, textAt, tokenError } from "../../../src/providers/answers.ts";
import { identitySecret, postForm } from "../../../src/providers/fetching.ts";
import type { CloudOptions, Provider } from "../../../src/providers/provider.ts";
import { Redacted } from "../../../src/runtime/redacted.ts";
import type { QuaysideGrant } from "./grant.ts";

const who = "Quayside";

export const fetchers = { Quayside: quaysideProvider };

function quaysideProvider(options: CloudOptions): Provider<QuaysideGrant> {
  const { clock, identities } = options;
  return {
    fetch: async (grant, signal) => {
      const { identity, account } = grant;
      if (identity.from !== "Secret") throw new TypeError("only keys are known at Quayside");
      const form = [
        ["account", account],
        ["key", identitySecret(identities, identity).text("key")],
      ] as const;
      const issuedAt = clock.now();
      const answer = await postForm(options, grant, { url: "https://token.quayside.example/token", form }, signal);
      const password = answer.status === 200 ? textAt(answer, "token") : undefined;
      if (password === undefined) throw tokenError(answer, { who, identity, advice: "look at the key" }, clock);
      const expiresAt = afterSeconds(memberAt(answer, "expires_in"), issuedAt);
      const checked = checkedAnswer(who, { password, expiresAt }, clock);
      const login = { username: account, password: new Redacted(checked.password) };
      return { logins: { all: login }, issuedAt, expiresAt: checked.expiresAt };
    },
  };
}
