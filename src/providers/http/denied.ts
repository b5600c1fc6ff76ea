// Refused calls: what a provider is told, and which setting would allow the call.
import { failure, type FailureReason } from "../../api/reasons.ts";
import { OperatorError } from "../../runtime/errors.ts";

// Nothing that can be watched fixes these: configuration, DNS and servers change outside the cluster's API.
function denied(reason: FailureReason, message: string): OperatorError {
  return new OperatorError(failure(reason, { message }));
}

/** @param place `host:port`, as in all of these */
export function endpointNotAllowed(place: string): OperatorError {
  return denied(
    "EndpointNotAllowed",
    `${place} is no host of a known registry provider, so nothing was sent to it; if it may have credentials, add it to --allowed-hosts`,
  );
}

export function notAnEndpoint(): OperatorError {
  return denied("EndpointNotAllowed", "the endpoint is not a URL like https://host/path, without user and password");
}

export function plainNotAllowed(place: string): OperatorError {
  return denied("EndpointNotAllowed", `${place} was to be asked over plain http; write https`);
}

export function plainOverInternet(place: string, address: string): OperatorError {
  return denied(
    "AddressNotAllowed",
    `${place} leads to ${address}, an address of the internet, to which nothing is sent over plain http; write https in the operator's setting`,
  );
}

export function metadataNotAllowed(place: string): OperatorError {
  return denied(
    "AddressNotAllowed",
    `${place} is a cloud's metadata service, which only an entry with identity Operator may use; no setting allows it`,
  );
}

export function privateNotAllowed(place: string, address: string): OperatorError {
  return denied(
    "AddressNotAllowed",
    `${place} leads to ${address}, an address of a private network, so nothing was sent to it; if that is meant, add ${place} to --allowed-private-hosts`,
  );
}

export function addressNotAllowed(place: string, address: string): OperatorError {
  return denied(
    "AddressNotAllowed",
    `${place} leads to ${address}, which is a metadata or reserved address, so nothing was sent to it; no setting allows it`,
  );
}

export function redirectRefused(place: string, status: number): OperatorError {
  return denied(
    "RedirectRefused",
    `${place} answered with a redirect (${status}), which is never followed; name the host that answers by itself`,
  );
}

export function responseTooLarge(place: string, bytes: number): OperatorError {
  return denied("ResponseTooLarge", `${place} answered with more than ${bytes} bytes, which no token endpoint does`);
}

export function headersTooLarge(place: string, bytes: number): OperatorError {
  return denied("ResponseTooLarge", `${place} answered with more than ${bytes} bytes of headers, which are not read`);
}

export function caInvalid(): OperatorError {
  return denied("CAInvalid", "the CA is not a list of PEM certificates; fix the Secret that caSecretName names");
}
