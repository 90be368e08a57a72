namespace SiemForwarder.Tests.Support;

/// <summary>Skips a running test whose machine lacks something.</summary>
internal static class Skip
{
    public static void Unless(bool condition, string reason) => Assert.SkipUnless(condition, reason);
}
