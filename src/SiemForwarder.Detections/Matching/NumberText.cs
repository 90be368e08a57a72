using System.Globalization;

namespace SiemForwarder.Detections.Matching;

/// <summary>A number as texts and rules write it: exact where it has up to 28 digits, else the nearest double.</summary>
/// <remarks>Sign, decimals and exponent; no blanks, no thousands separators, no hexadecimal, no NaN.</remarks>
internal readonly record struct NumberText(decimal Exact, double Near, bool IsExact)
{
    private const NumberStyles Styles = NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent;

    public static bool TryParse(ReadOnlySpan<char> text, out NumberText number)
    {
        number = default;
        if (text.IsEmpty || !(char.IsAsciiDigit(text[0]) || text[0] is '-' or '+' or '.') || !(char.IsAsciiDigit(text[^1]) || text[^1] == '.'))
        {
            return false;
        }

        if (decimal.TryParse(text, Styles, CultureInfo.InvariantCulture, out var exact))
        {
            number = new NumberText(exact, (double)exact, true);
            return true;
        }

        if (double.TryParse(text, Styles, CultureInfo.InvariantCulture, out var near) && double.IsFinite(near))
        {
            number = new NumberText(0, near, false);
            return true;
        }

        return false;
    }

    public int Against(NumberText other) => IsExact && other.IsExact ? Exact.CompareTo(other.Exact) : Near.CompareTo(other.Near);
}
