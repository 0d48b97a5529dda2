// Package deploy holds no code but the tests of the files beside it, which run
// AetherFS under systemd, in containers and in Kubernetes:
//
//  1. What the files set are settings that the gateway knows, with values that
//     it takes.
//  2. Where memory is limited, the limit leaves a half more than the gateway
//     aims at; where a stop is, it leaves time to finish what runs.
//  3. The programs that read the files find nothing wrong with them. One that
//     is missing fails the tests: conformance/install.sh brings them.
package deploy
