import Testing

@Suite struct RetrievalMetricsTests {
    @Test func recallAsksForOneHit() {
        let ranking = [false, false, true, true]
        #expect(RetrievalMetrics.recall(at: 2, ranking: ranking) == 0)
        #expect(RetrievalMetrics.recall(at: 3, ranking: ranking) == 1)
        #expect(RetrievalMetrics.recall(at: 100, ranking: ranking) == 1)
        #expect(RetrievalMetrics.recall(at: 1, ranking: []) == 0)
    }

    @Test func coverageCountsAllThatAreRelevant() {
        let ranking = [true, false, true]
        #expect(RetrievalMetrics.coverage(at: 1, ranking: ranking, relevantCount: 4) == 0.25)
        #expect(RetrievalMetrics.coverage(at: 3, ranking: ranking, relevantCount: 4) == 0.5)
        #expect(RetrievalMetrics.coverage(at: 3, ranking: ranking, relevantCount: 0) == nil)
    }

    @Test func averagePrecisionByHand() {
        // Hits at ranks 1, 3 and 6: (1/1 + 2/3 + 3/6)/3.
        let ranking = [true, false, true, false, false, true]
        let expected = (1 + 2.0 / 3 + 0.5) / 3
        #expect(abs((RetrievalMetrics.averagePrecision(ranking: ranking) ?? 0) - expected) < 1e-15)
        let missing = RetrievalMetrics.averagePrecision(ranking: ranking, relevantCount: 6)
        #expect(abs((missing ?? 0) - expected / 2) < 1e-15)
        #expect(RetrievalMetrics.averagePrecision(ranking: [true, true]) == 1)
        #expect(RetrievalMetrics.averagePrecision(ranking: [false, false], relevantCount: 1) == 0)
        #expect(RetrievalMetrics.averagePrecision(ranking: [false]) == nil)
    }

    @Test func queriesWithoutAnswerDoNotCount() {
        #expect(RetrievalMetrics.mean([1, nil, 0.5]) == 0.75)
        #expect(RetrievalMetrics.mean([nil]) == nil)
    }
}
