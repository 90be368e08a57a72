using System.Globalization;

namespace SiemForwarder.Connections;

/// <summary>Parses the <c>Retry-After</c> header (RFC 9110 section 10.2.3): seconds or a date.</summary>
public static class RetryAfter
{
    /// <summary>The longest wait that a receiver may request.</summary>
    public static readonly TimeSpan MaxWait = TimeSpan.FromHours(1);

    /// <summary>How long to wait; null if invalid or in the past, never more than <see cref="MaxWait"/>.</summary>
    public static TimeSpan? Parse(string? value, DateTimeOffset now)
    {
        value = value?.Trim();
        if (string.IsNullOrEmpty(value))
        {
            return null;
        }

        TimeSpan wait;
        if (value.All(char.IsAsciiDigit))
        {
            wait = value.Length > 9 ? MaxWait : TimeSpan.FromSeconds(int.Parse(value, CultureInfo.InvariantCulture));
        }
        else if (DateTimeOffset.TryParseExact(
            value, ["r", "dddd, dd-MMM-yy HH:mm:ss 'GMT'", "ddd MMM d HH:mm:ss yyyy"], CultureInfo.InvariantCulture,
            DateTimeStyles.AssumeUniversal | DateTimeStyles.AllowInnerWhite, out var date))
        {
            wait = date - now;
        }
        else
        {
            return null;
        }

        if (wait <= TimeSpan.Zero)
        {
            return null;
        }

        return wait < MaxWait ? wait : MaxWait;
    }
}
