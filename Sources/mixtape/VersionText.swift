import CCommit
import NeuralNetwork
import Service

/// What `mixtape --version` prints: the version, the commit it was packaged from, and what the kernels use of this processor.
enum VersionText {
    static var text: String {
        let commit = String(cString: mixtape_commit())
        let features = ComputeEngine.processorFeatures
        return """
            \(ProgramVersion.text)
            commit     \(commit.isEmpty ? "not recorded: built in a clone" : commit)
            processor  \(features.isEmpty ? "no AVX2" : features.joined(separator: ", "))
            """
    }
}
