namespace Xunit
{
    /// <summary>Stands in for the context that xunit 3 gives to a running test.</summary>
    internal static class TestContext
    {
        public static Context Current { get; } = new();

        /// <summary>A test that is never cancelled.</summary>
        internal sealed class Context
        {
            public CancellationToken CancellationToken => CancellationToken.None;
        }
    }
}

namespace SiemForwarder.Tests.Support
{
    /// <summary>xunit 2 cannot skip a running test; mutation testing needs a machine that misses nothing.</summary>
    internal static class Skip
    {
        public static void Unless(bool condition, string reason) => Assert.True(condition, reason);
    }
}
