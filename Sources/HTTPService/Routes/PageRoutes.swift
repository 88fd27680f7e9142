import HTTPTypes
import Hummingbird

extension HTTPService {
    /// The page and its parts, which the program holds; they say nothing of the library and need no token.
    func pageRoutes() -> [Route] {
        PageFiles.all.map { file in
            let tag =
                "\"\(options.version)-\(file.bytes.reduce(into: UInt64(5381)) { $0 = $0 &* 33 ^ UInt64($1) })\""
            return Route(method: .get, template: file.path, operation: nil, isOpen: true) { call in
                if call.request.headers[.ifNoneMatch] == tag { return Answer(status: 304).with(.eTag, tag) }
                return Answer(file.type, file.bytes).with(.eTag, tag).with(.cacheControl, "no-cache")
            }
        }
    }
}
