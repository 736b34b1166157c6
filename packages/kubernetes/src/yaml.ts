/** The one function of a YAML library that a kubeconfig needs: a file of its own in the build, loaded when there is a kubeconfig. */
export { load } from 'js-yaml';
