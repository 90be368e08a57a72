using SiemForwarder.Service.Api;

namespace SiemForwarder.Tests.Service.Api;

public sealed class FieldErrorsTests
{
    private static readonly Dictionary<string, int> Choices = new() { ["One"] = 1, ["Two"] = 2 };

    private readonly FieldErrors errors = new();

    [Fact]
    public void AChoiceIsReadInAnyCaseAndAnUnknownOneListsThem()
    {
        Assert.Equal([7, 1, 2, 7], new[] { null, "ONE", "two", new string('x', 100) }.Select(text => errors.Choose("f", text, 7, Choices)));

        var sentence = Assert.Single(errors.ByField["f"]);
        Assert.Contains("One, Two", sentence, StringComparison.Ordinal);
        Assert.DoesNotContain(new string('x', 50), sentence, StringComparison.Ordinal);
    }

    [Fact]
    public void ANumberOutOfRangeIsSaidWithItsRange()
    {
        Assert.Equal([5, 1, 9, 5, 5], new int?[] { null, 1, 9, 0, 10 }.Select(number => errors.Between("f", number, 1, 9, 5)));

        Assert.Equal(["Must be from 1 to 9, not 0.", "Must be from 1 to 9, not 10."], errors.ByField["f"]);
    }

    [Fact]
    public void TextIsMeasuredAndKeptToOneLine()
    {
        errors.AtMost("long", "12345", 5);
        errors.OneLine("line", "one line");
        errors.NoneEmpty("list", ["a"]);
        Assert.False(errors.Any);

        errors.AtMost("long", "123456", 5);
        errors.OneLine("line", "two\u0085lines");
        errors.NoneEmpty("list", ["a", null!]);

        Assert.Equal(["line", "list", "long"], errors.ByField.Keys.Order(StringComparer.Ordinal));
    }
}
