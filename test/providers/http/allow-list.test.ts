// Tests of the hosts to which credentials may be sent, and of what the operator's configuration adds.
import { describe, expect, it } from "vitest";
import { allowedHosts } from "../../../src/providers/http/allow-list.ts";
import { isHostGlob, privateHosts } from "../../../src/providers/http/host-globs.ts";

describe("without configuration", () => {
  const allowed = allowedHosts([]);

  it.for([
    "api.ecr.eu-west-1.amazonaws.com",
    "api.ecr-fips.us-gov-west-1.amazonaws.com",
    "api.ecr.cn-north-1.amazonaws.com.cn",
    "api.ecr.us-iso-east-1.c2s.ic.gov",
    "api.ecr.us-isob-east-1.sc2s.sgov.gov",
    "api.ecr.eu-isoe-west-1.cloud.adc-e.uk",
    "api.ecr.us-isof-south-1.csp.hci.ic.gov",
    "api.ecr.eusc-de-east-1.amazonaws.eu",
    "ecr.eu-west-1.api.aws",
    "ecr.cn-north-1.api.amazonwebservices.com.cn",
    "ecr.us-isob-east-1.api.aws.scloud",
    "sts.eu-west-1.amazonaws.com",
    "sts-fips.us-east-1.amazonaws.com",
    "sts.amazonaws.com",
    "sts.eusc-de-east-1.api.amazonwebservices.eu",
    "123456789012.dkr.ecr.eu-west-1.amazonaws.com",
    "123456789012.dkr.ecr-fips.us-east-1.amazonaws.com",
    "123456789012.dkr-ecr.eu-west-1.on.aws",
    "123456789012.dkr-ecr-fips.us-east-1.on.aws",
    "123456789012.dkr-ecr.cn-north-1.on.amazonwebservices.com.cn",
    "123456789012.dkr.ecr.cn-north-1.on.amazonwebservices.com.cn",
    "public.ecr.aws",
    "ecr-public.aws.com",
    "api.ecr-public.us-east-1.amazonaws.com",
    "ecr-public.us-east-1.api.aws",
    "login.microsoftonline.com",
    "login.microsoftonline.us",
    "login.chinacloudapi.cn",
    "acmeimages.azurecr.io",
    "acmeimages-hash123.azurecr.io",
    "acmeimages.westeurope.geo.azurecr.io",
    "acmeimages.azurecr.cn",
    "gcr.io",
    "eu.gcr.io",
    "europe-west1-docker.pkg.dev",
    "docker.europe-west1.rep.pkg.dev",
    "oauth2.googleapis.com",
    "sts.googleapis.com",
    "iamcredentials.googleapis.com",
    "iad.ocir.io",
    "us-ashburn-1.ocir.io",
    "ocir.us-ashburn-1.oci.oraclecloud.com",
    "ocir.us-gov-ashburn-1.oci.oraclegovcloud.com",
    "auth.eu-frankfurt-2.oraclecloud.eu",
    "auth.us-ashburn-1.oraclecloud.com",
    "iam.cloud.ibm.com",
    "icr.io",
    "jp2.icr.io",
    "private.icr.io",
    "private.de.icr.io",
    "identity.docker.com",
    "quay.io",
    "registry-1.docker.io",
    "auth.docker.io",
    "ghcr.io",
  ])("%s is a vendor's own, on 443 only", (host) => {
    expect(allowed(host, 443)).toBe(true);
    expect(allowed(host, 8443)).toBe(false);
    expect(allowed(`${host}.evil.example`, 443)).toBe(false);
    expect(allowed(`evil.example.${host}`, 443)).toBe(false);
    expect(allowed(host.replace(".", "x"), 443)).toBe(false);
  });

  it.for([
    "bucket.s3.amazonaws.com",
    "abc.execute-api.eu-west-1.amazonaws.com",
    "api.ecr.eu-west-1.evil.amazonaws.com",
    "12345.dkr.ecr.eu-west-1.amazonaws.com",
    "a.b.azurecr.io",
    "*.dkr.ecr.eu-west-1.amazonaws.com",
    "docker.europe-west1.rep.pkg.dev.example",
    "evil.rep.pkg.dev",
    "objectstorage.us-ashburn-1.oraclecloud.com",
    "acme.westeurope.data.azurecr.io",
    "storage.googleapis.com",
    "pkg.dev",
    "evil-docker.pkg.dev.example",
    "127.0.0.1",
    "localhost",
    "metadata.google.internal",
    "",
  ])("%s is not", (host) => {
    expect(allowed(host, 443)).toBe(false);
  });
});

describe("a glob of the configuration", () => {
  it("without a port means 443", () => {
    const allowed = allowedHosts(["*.Corp.example"]);
    expect(allowed("harbor.corp.example", 443)).toBe(true);
    expect(allowed("harbor.corp.example", 5000)).toBe(false);
    expect(allowed("corp.example", 443)).toBe(false);
  });

  it("with a port means that one, with * any", () => {
    expect(allowedHosts(["harbor.corp:5000"])("harbor.corp", 5000)).toBe(true);
    expect(allowedHosts(["harbor.corp:5000"])("harbor.corp", 443)).toBe(false);
    expect(allowedHosts(["harbor.corp:*"])("harbor.corp", 1)).toBe(true);
    expect(allowedHosts(["[fd12::1]:5000"])("[fd12::1]", 5000)).toBe(true);
    expect(allowedHosts(["[fd12::1]"])("[fd12::1]", 443)).toBe(true);
  });

  it("for private addresses holds on every port", () => {
    expect(privateHosts(["*.corp", "10.0.0.?:5000"])("harbor.corp")).toBe(true);
    expect(privateHosts(["*.corp", "10.0.0.?:5000"])("10.0.0.7")).toBe(true);
    expect(privateHosts(["*.corp"])("harbor.example")).toBe(false);
    expect(privateHosts([])("harbor.corp")).toBe(false);
  });

  it.for(["harbor.corp", "*", "*.corp:5000", "10.0.0.?:*", "[::1]:443", "a_b.corp"])("may be %s", (text) => {
    expect(isHostGlob(text)).toBe(true);
  });

  it.for(["", "https://harbor.corp", "harbor.corp/path", "harbor.corp:", "harbor.corp:port", "a b", "::1", "-x"])(
    "may not be %s",
    (text) => {
      expect(isHostGlob(text)).toBe(false);
    },
  );
});
