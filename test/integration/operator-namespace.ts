// Where does the operator live in the tests?
export const operatorNamespace = "regcred-system";
