namespace SiemForwarder.Tests.Support;

/// <summary>How much of a long test runs: all of it, but a part where mutation testing runs it thousands of times (docs/testing.md).</summary>
internal static class Thoroughness
{
#if MUTATION
    private const int Divisor = 8;
#else
    private const int Divisor = 1;
#endif

    /// <summary>How often a property is tried.</summary>
    public static int Runs(int all) => all / Divisor;

    /// <summary>The events, sizes or paths that are tried.</summary>
    public static IEnumerable<T> Of<T>(IEnumerable<T> all) => all.Where((_, index) => index % Divisor == 0);
}
