using System.Buffers;

namespace SiemForwarder.Events.Json;

/// <summary>Finds secrets in texts by their appearance: private keys, tokens, secrets in URIs, and random values among settings.</summary>
internal static class SecretText
{
    private const int MinTokenLength = 20;
    private const int MinRandomLength = 20;
    private const int MinRunLength = 16;

    private static readonly SearchValues<string> Signs = SearchValues.Create(["eyJ", "://"], StringComparison.Ordinal);

    private static readonly SearchValues<char> TokenCharacters =
        SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.");

    private static readonly SearchValues<byte> RandomCharacters =
        SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+/=-_.~"u8);

    private static readonly SearchValues<char> AddressEnds = SearchValues.Create(" \t\r\n\"<>");

    /// <summary>Whether a text contains a PEM private key, whatever its member is called.</summary>
    public static bool HoldsPrivateKey(ReadOnlySpan<byte> text) => text.IndexOf("PRIVATE KEY-----"u8) >= 0;

    /// <summary>Whether a text contains an address or the beginning of a token: quick, and often wrong.</summary>
    public static bool MayHoldSecret(ReadOnlySpan<char> text) => text.ContainsAny(Signs);

    /// <summary>The text with tokens masked, including those in URIs: invitations, action links, redirects with a code.</summary>
    public static string Mask(string text)
    {
        char[] scratch = [];
        var masked = Mask(text, ref scratch);
        return masked.Length == text.Length && masked.SequenceEqual(text) ? text : masked.ToString();
    }

    /// <summary>The same, using <paramref name="scratch"/>, which grows as needed; the text itself if it contains no secret.</summary>
    public static ReadOnlySpan<char> Mask(ReadOnlySpan<char> text, ref char[] scratch)
    {
        if (!MayHoldSecret(text))
        {
            return text;
        }

        // A parameter takes at least three characters, and its mask ten.
        const int MaxGrowth = 5;
        if (scratch.Length < (text.Length * MaxGrowth) + SecretRedactor.Mask.Length)
        {
            scratch = new char[(text.Length * MaxGrowth) + SecretRedactor.Mask.Length];
        }

        var output = new Output(scratch);
        while (!text.IsEmpty)
        {
            var sign = text.IndexOfAny(Signs);
            if (sign < 0)
            {
                break;
            }

            output.Append(text[..sign]);
            text = text[sign..];
            text = text[0] == ':' ? CopyAddress(text, ref output) : CopyToken(text, ref output);
        }

        output.Append(text);
        return scratch.AsSpan(0, output.Length);
    }

    /// <summary>Whether a text looks like a generated key: long, of several kinds of characters without order, and neither a UUID nor words.</summary>
    /// <param name="text">UTF-8.</param>
    public static bool IsRandom(ReadOnlySpan<byte> text)
    {
        if (text.Length < MinRandomLength || text.ContainsAnyExcept(RandomCharacters) || IsUuid(text))
        {
            return false;
        }

        var (digits, upper, lower, changes, run, longest, last) = (0, 0, 0, 0, 0, 0, 0);
        Span<int> counts = stackalloc int[128];
        foreach (var character in text)
        {
            counts[character]++;
            var kind = char.IsAsciiDigit((char)character) ? 1 : char.IsAsciiLetterUpper((char)character) ? 2 : char.IsAsciiLetterLower((char)character) ? 3 : 4;
            digits += kind == 1 ? 1 : 0;
            upper += kind == 2 ? 1 : 0;
            lower += kind == 3 ? 1 : 0;
            changes += kind != last ? 1 : 0;
            run = character is (byte)'-' or (byte)'_' or (byte)'.' or (byte)'~' ? 0 : run + 1;
            longest = Math.Max(longest, run);
            last = kind;
        }

        var share = upper > 0 && lower > 0 ? 0.4 : 0.25;
        return longest >= MinRunLength && digits >= Math.Max(2, text.Length / 12) && upper + lower >= 4 && changes >= share * text.Length
            && Entropy(counts, text.Length) >= 3;
    }

    // Bits per character (Shannon).
    private static double Entropy(ReadOnlySpan<int> counts, int length)
    {
        var bits = 0d;
        foreach (var count in counts)
        {
            bits -= count == 0 ? 0 : (double)count / length * Math.Log2((double)count / length);
        }

        return bits;
    }

    private static bool IsUuid(ReadOnlySpan<byte> text) => System.Buffers.Text.Utf8Parser.TryParse(text, out Guid _, out var used, 'D') && used == text.Length;

    // A JWT or similar: base64url of '{"', followed by more parts separated by dots (RFC 7515 section 3.1).
    private static ReadOnlySpan<char> CopyToken(ReadOnlySpan<char> text, scoped ref Output output)
    {
        var end = text.IndexOfAnyExcept(TokenCharacters);
        var token = end < 0 ? text : text[..end];
        var isToken = token.Length >= MinTokenLength && token.IndexOf('.') > 0;
        output.Append(isToken ? SecretRedactor.Mask : token);
        return text[token.Length..];
    }

    private static ReadOnlySpan<char> CopyAddress(ReadOnlySpan<char> text, scoped ref Output output)
    {
        output.Append("://");
        text = text["://".Length..];
        var end = text.IndexOfAny(AddressEnds);
        var address = end < 0 ? text : text[..end];
        text = text[address.Length..];
        CopyPassword(ref address, ref output);
        var query = address.IndexOfAny('?', '#');
        if (query < 0)
        {
            CopyWithoutTokens(address, ref output);
            return text;
        }

        CopyWithoutTokens(address[..query], ref output);
        address = address[query..];
        while (!address.IsEmpty)
        {
            // The character that starts the parameter, its name and its value.
            output.Append(address[..1]);
            var next = address[1..].IndexOfAny('&', '#', '?');
            var parameter = next < 0 ? address[1..] : address.Slice(1, next);
            var equals = parameter.IndexOf('=');
            if (equals > 0 && equals < parameter.Length - 1 && IsSecretParameter(parameter[..equals]))
            {
                output.Append(parameter[..(equals + 1)]);
                output.Append(SecretRedactor.Mask);
            }
            else
            {
                CopyWithoutTokens(parameter, ref output);
            }

            address = address[(parameter.Length + 1)..];
        }

        return text;
    }

    // https://user:password@host
    private static void CopyPassword(ref ReadOnlySpan<char> address, scoped ref Output output)
    {
        var end = address.IndexOfAny("/?#\\");
        var authority = end < 0 ? address : address[..end];
        var at = authority.LastIndexOf('@');
        var colon = at < 0 ? -1 : authority[..at].IndexOf(':');
        if (colon >= 0)
        {
            output.Append(authority[..(colon + 1)]);
            output.Append(SecretRedactor.Mask);
            address = address[at..];
        }
    }

    private static void CopyWithoutTokens(ReadOnlySpan<char> text, scoped ref Output output)
    {
        for (var token = text.IndexOf("eyJ"); token >= 0; token = text.IndexOf("eyJ"))
        {
            output.Append(text[..token]);
            text = CopyToken(text[token..], ref output);
        }

        output.Append(text);
    }

    private static bool IsSecretParameter(ReadOnlySpan<char> name) =>
        name.Equals("code", StringComparison.OrdinalIgnoreCase) || name.Equals("key", StringComparison.OrdinalIgnoreCase)
        || name.Equals("session_code", StringComparison.OrdinalIgnoreCase) || name.Equals("SAMLResponse", StringComparison.OrdinalIgnoreCase)
        || name.Equals("signature", StringComparison.OrdinalIgnoreCase) || name.Equals("sig", StringComparison.OrdinalIgnoreCase)
        || SecretNames.IsSecret(name);

    private ref struct Output(Span<char> destination)
    {
        private readonly Span<char> destination = destination;

        public int Length { get; private set; }

        public void Append(ReadOnlySpan<char> text)
        {
            text.CopyTo(destination[Length..]);
            Length += text.Length;
        }
    }
}
