// The operator's namespace in the tests.
export const operatorNamespace = "regcred-system";
