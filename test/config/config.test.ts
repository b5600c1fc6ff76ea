// Tests that every setting follows flag, variable, default, in this order, and that a wrong one is explained in a sentence.
import { describe, expect, it } from "vitest";
import {
  ConfigError,
  configFrom,
  type Environment,
  type Flags,
  operatorNamespace,
  settings,
} from "../../src/config/config.ts";

describe("a setting", () => {
  it("has its default where nothing is said", () => {
    expect(configFrom({}, {})).toEqual({
      cluster: { kubeconfig: undefined, kubeconfigs: undefined, context: undefined, inCluster: undefined },
      requestTimeout: undefined,
      namespace: undefined,
      serviceAccount: "regcred",
      sourceNamespaces: [],
      mode: { pullSecretNames: [], watchNamespaces: [], podRecovery: false },
      allowedHosts: [],
      allowedPrivateHosts: [],
      environment: {},
      metricsAddress: undefined,
      metricsAccess: "open",
      metricsCertificate: undefined,
      healthAddress: undefined,
      leaderElection: true,
      maxConfigBytes: 65_536,
      concurrency: 16,
      logLevel: "info",
      logFormat: "auto",
      drainTimeout: Temporal.Duration.from({ seconds: 20 }),
    });
  });

  it("comes from its variable", () => {
    const environment = {
      KUBECONFIG: "/a:/b",
      REGCRED_CONTEXT: "staging",
      KUBERNETES_SERVICE_HOST: "10.0.0.1",
      KUBERNETES_SERVICE_PORT: "443",
      REGCRED_NAMESPACE: "platform",
      REGCRED_SERVICE_ACCOUNT: "bot.pull",
      REGCRED_SOURCE_NAMESPACES: "team-a, team-b,team-a",
      REGCRED_PULL_SECRET_NAMES: "regcred,harbor.pull",
      REGCRED_WATCH_NAMESPACES: "team-a, team-c",
      REGCRED_POD_RECOVERY: "true",
      REGCRED_ALLOWED_HOSTS: "*.example.com,registry.internal:5000",
      REGCRED_ALLOWED_PRIVATE_HOSTS: "registry.internal:5000",
      REGCRED_METRICS_ADDRESS: "[::1]:8080",
      REGCRED_METRICS_ACCESS: "token",
      REGCRED_METRICS_CERTIFICATE: "/certificate",
      REGCRED_HEALTH_ADDRESS: "0.0.0.0:8081",
      REGCRED_LEADER_ELECTION: "false",
      REGCRED_MAX_CONFIG_BYTES: "1048576",
      REGCRED_CONCURRENCY: "1",
      REGCRED_LOG_LEVEL: "debug",
      REGCRED_LOG_FORMAT: "json",
      REGCRED_DRAIN_TIMEOUT: "0s",
    };
    expect(configFrom({}, environment)).toEqual({
      cluster: { kubeconfig: undefined, kubeconfigs: "/a:/b", context: "staging", inCluster: undefined },
      namespace: "platform",
      serviceAccount: "bot.pull",
      sourceNamespaces: ["team-a", "team-b"],
      mode: { pullSecretNames: ["regcred", "harbor.pull"], watchNamespaces: ["team-a", "team-c"], podRecovery: true },
      allowedHosts: ["*.example.com", "registry.internal:5000"],
      allowedPrivateHosts: ["registry.internal:5000"],
      environment,
      metricsAddress: { host: "::1", port: 8080 },
      metricsAccess: "token",
      metricsCertificate: "/certificate",
      healthAddress: { host: "0.0.0.0", port: 8081 },
      leaderElection: false,
      maxConfigBytes: 1_048_576,
      concurrency: 1,
      logLevel: "debug",
      logFormat: "json",
      drainTimeout: new Temporal.Duration(),
    });
  });

  it("comes from the flag before the variable, even to empty a list", () => {
    const config = configFrom(
      { "--concurrency": "4", "--source-namespaces": "" },
      { REGCRED_CONCURRENCY: "8", REGCRED_SOURCE_NAMESPACES: "team-a" },
    );
    expect(config).toMatchObject({ concurrency: 4, sourceNamespaces: [] });
  });

  it("is set by a flag and variables that set no other, but for a vendor's own", () => {
    const flags = settings.map(({ flag }) => flag);
    const variables = settings.flatMap((setting) => setting.variables.filter((name) => name.startsWith("REGCRED_")));
    expect(new Set(flags).size).toBe(flags.length);
    expect(new Set(variables).size).toBe(variables.length);
  });

  it("takes an empty variable for none", () => {
    expect(configFrom({}, { KUBECONFIG: "", REGCRED_CONCURRENCY: "" })).toMatchObject({
      cluster: { kubeconfig: undefined, kubeconfigs: undefined },
      concurrency: 16,
    });
  });
});

describe("the address of the metrics", () => {
  it.each([
    ["127.0.0.1:8080", { host: "127.0.0.1", port: 8080 }],
    ["localhost:65535", { host: "localhost", port: 65_535 }],
    ["[::]:1", { host: "::", port: 1 }],
  ])("may be %s", (text, address) => {
    expect(configFrom({ "--metrics-address": text }, {}).metricsAddress).toEqual(address);
  });

  it.each(["", "8080", ":8080", "localhost", "::1:8080", "[localhost]:8080", "a:0", "a:65536", "http://a:8080"])(
    "cannot be %j",
    (text) => {
      expect(() => configFrom({ "--metrics-address": text }, {})).toThrow(
        `--metrics-address cannot be ${JSON.stringify(text)}: write a host and a port, such as 127.0.0.1:8080, 0.0.0.0:8080 or [::]:8080`,
      );
    },
  );
});

describe("the operator's own namespace", () => {
  const pod = { context: "in-cluster", namespace: "of-pod" };

  it("is what was set, before the pod's", () => {
    expect(operatorNamespace(configFrom({}, { REGCRED_NAMESPACE: "chosen", POD_NAMESPACE: "by-pod" }), pod)).toBe(
      "chosen",
    );
    expect(operatorNamespace(configFrom({}, { POD_NAMESPACE: "by-pod" }), pod)).toBe("by-pod");
  });

  it("is the pod's in a cluster", () => {
    expect(operatorNamespace(configFrom({}, {}), pod)).toBe("of-pod");
  });

  it("is regcred-system elsewhere, whatever the kubeconfig's user works in", () => {
    expect(operatorNamespace(configFrom({}, {}), { context: "staging", namespace: "payments" })).toBe("regcred-system");
  });
});

describe("a value that cannot be", () => {
  it.each<{ flags?: Flags; environment?: Environment; sentence: string }>([
    {
      flags: { "--concurrency": "many" },
      sentence: '--concurrency cannot be "many": write a whole number from 1 to 256',
    },
    {
      environment: { REGCRED_CONCURRENCY: "0" },
      sentence: 'REGCRED_CONCURRENCY cannot be "0": write a whole number from 1 to 256',
    },
    {
      flags: { "--max-config-bytes": "64Ki" },
      sentence: '--max-config-bytes cannot be "64Ki": write a whole number from 8192 to 1048576',
    },
    {
      environment: { POD_NAMESPACE: "Platform" },
      sentence:
        'POD_NAMESPACE cannot be "Platform": write the name of one namespace (small letters, digits and dashes), such as regcred-system',
    },
    {
      flags: { "--source-namespaces": "team-a,,team-b" },
      sentence:
        '--source-namespaces cannot be "team-a,,team-b": write names of namespaces with commas between them, such as team-a,team-b',
    },
    {
      flags: { "--pull-secret-names": "regcred,Harbor" },
      sentence:
        '--pull-secret-names cannot be "regcred,Harbor": write names of Secrets with commas between them, such as regcred,harbor-pull',
    },
    {
      flags: { "--watch-namespaces": "team-*" },
      sentence:
        '--watch-namespaces cannot be "team-*": write names of namespaces with commas between them, such as team-a,team-b',
    },
    { flags: { "--pod-recovery": "yes" }, sentence: '--pod-recovery cannot be "yes": write true or false' },
    {
      flags: { "--log-level": "trace" },
      sentence: '--log-level cannot be "trace": write debug, info, warn or error',
    },
    { flags: { "--log-format": "text" }, sentence: '--log-format cannot be "text": write auto, json or pretty' },
    {
      flags: { "--drain-timeout": "20" },
      sentence: '--drain-timeout cannot be "20": write seconds from 0s to 3600s, such as 20s',
    },
    {
      flags: { "--drain-timeout": "3601s" },
      sentence: '--drain-timeout cannot be "3601s": write seconds from 0s to 3600s, such as 20s',
    },
    { flags: { "--kubeconfig": "" }, sentence: '--kubeconfig cannot be "": write the path of a kubeconfig' },
  ])("is told: $sentence", ({ flags = {}, environment = {}, sentence }) => {
    expect(() => configFrom(flags, environment)).toThrow(new ConfigError(sentence));
  });
});
