using Xunit.Abstractions;
using Xunit.Sdk;

[assembly: CollectionBehavior(DisableTestParallelization = true)]
[assembly: TestCollectionOrderer("SiemForwarder.Tests.Support.QuickClassesFirst", "SiemForwarder.Tests")]
[assembly: TestCaseOrderer("SiemForwarder.Tests.Support.QuickTestsFirst", "SiemForwarder.Tests")]

namespace SiemForwarder.Tests.Support
{
    /// <summary>Runs the golden files first, which find most mutants, and the long classes last: a mutant costs what runs until the first test that fails.</summary>
    public sealed class QuickClassesFirst : ITestCollectionOrderer
    {
        private static readonly string[] Last = ["FormatPropertyTests", "PushedEventNormalizingTests", "PrivacyPolicyTests", "NormalizerRobustnessTests", "LongEventTests", "OcsfFormatTests"];

        public IEnumerable<ITestCollection> OrderTestCollections(IEnumerable<ITestCollection> testCollections) =>
            testCollections.OrderBy(collection => Rank(collection.DisplayName));

        private static int Rank(string name) =>
            name.Contains("CatalogueGolden", StringComparison.Ordinal) ? -3 : name.Contains("Golden", StringComparison.Ordinal) ? -2 : Array.FindIndex(Last, last => name.Contains(last, StringComparison.Ordinal));
    }

    /// <summary>Runs the tests of a class that go through the whole catalogue after the others.</summary>
    public sealed class QuickTestsFirst : ITestCaseOrderer
    {
        private static readonly string[] Last =
            ["NothingIsWrongWithAnyEventOfTheCatalogueInAnyFormat", "CefAndLeefAndStructuredDataAreReadAsTheReadersOfTheTestsReadThem", "EveryEventIsValidWholeAndShortened", "AnyTextComesBackInAValidEvent"];

        public IEnumerable<T> OrderTestCases<T>(IEnumerable<T> testCases)
            where T : ITestCase => testCases.OrderBy(test => Last.Contains(test.TestMethod.Method.Name) ? 1 : 0);
    }
}
