using System.Globalization;
using System.Text;

namespace SiemForwarder.Tests.Fuzz;

/// <summary>Makes broken input from sound samples, the same for the same seed, and holds what takes it to its bounds.</summary>
/// <remarks>
/// SIEMFORWARDER_FUZZ_RUNS sets how many inputs each fuzzer makes, SIEMFORWARDER_FUZZ_SEED the first seed. A failure names the seed of its input: with that
/// seed and one run it happens again.
/// </remarks>
internal static class Fuzzer
{
    /// <summary>Longest that one input may take on a machine that others keep busy; alone it takes milliseconds.</summary>
    public static readonly TimeSpan Limit = TimeSpan.FromSeconds(15);

    private const int FirstSeed = 20260131;
    private const int AllowedBytesPerByte = 600;
    private const long AllowedBytes = 8 * 1024 * 1024;

    private static readonly byte[][] Pieces =
    [
        .. new[]
        {
            "\"", "\\", "\\u0000", "\\ud800", "\\ud83d\\ude00", "\r\n", "\n", "\t", "\0", "\u001b[2J", "\u2028", "\u202e", "\u0085", "|", "=", "\\=", "]", "}", "{", "[", ",", ":",
            "null", "true", "-0", "1e999", "-1e-999", "99999999999999999999", "0x10", "NaN", "1970-01-01T00:00:00Z", "9999-12-31T23:59:59.999999999+23:59", "<![CDATA[", "&#10;",
            "-----BEGIN CERTIFICATE-----\n", "-----END CERTIFICATE-----\n", "-----BEGIN PRIVATE KEY-----\n", "MIIB", "====", "CEF:0|", "LEEF:2.0|", "<34>1 ", "<999>", "\uFEFF", "ä€😀",
            "\"time\":", "\"id\":", "\"details\":", "\"representation\":", "\"event_type\":", "\"context\":", "\"timestamp\":", "\"error\":", "\"errors\":true", "\"items\":[", "\"code\":0",
        }.Select(Encoding.UTF8.GetBytes),
        [0xff], [0xc3, 0x28], [0xed, 0xa0, 0x80], [0xf8, 0x88, 0x80, 0x80, 0x80], [0x80], [0x1f, 0x8b], [0x00, 0x00, 0x00, 0x00], [0xff, 0xff, 0xff, 0xff],
        Encoding.UTF8.GetBytes(new string('[', 3000)), Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat("{\"a\":", 1500))), Encoding.UTF8.GetBytes(new string('9', 2000)),
        Encoding.UTF8.GetBytes(new string('a', 20_000)), Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat("\\u0041", 3000))), Encoding.UTF8.GetBytes(new string(' ', 5000)),
    ];

    /// <summary>Gives a parser broken inputs; whatever it throws, allocates or takes beyond the bounds is a failure that names its seed.</summary>
    /// <param name="usualRuns">Inputs where the variable says nothing.</param>
    /// <param name="samples">Sound input that broken input is made of.</param>
    /// <param name="parse">What is attacked; it asserts what must hold of its result.</param>
    public static void Run(int usualRuns, IReadOnlyList<byte[]> samples, Action<byte[]> parse)
    {
        foreach (var seed in Seeds(usualRuns))
        {
            var input = Break(samples, new Random(seed));
            var (before, start) = (GC.GetAllocatedBytesForCurrentThread(), TimeProvider.System.GetTimestamp());
            Attempt(seed, input, () => parse(input));
            var (allocated, took) = (GC.GetAllocatedBytesForCurrentThread() - before, TimeProvider.System.GetElapsedTime(start));
            Assert.True(allocated < AllowedBytes + ((long)input.Length * AllowedBytesPerByte), $"Seed {seed}: {allocated} bytes for {input.Length}. {Show(input)}");
            Assert.True(took < Limit, $"Seed {seed}: {took} for {input.Length} bytes. {Show(input)}");
        }
    }

    /// <summary>The same for what has to be awaited; its own bounds are its business.</summary>
    public static async Task RunAsync(int usualRuns, IReadOnlyList<byte[]> samples, Func<byte[], Random, Task> parse)
    {
        foreach (var seed in Seeds(usualRuns))
        {
            var random = new Random(seed);
            var input = Break(samples, random);
            try
            {
                await parse(input, random);
            }
            catch (Exception exception)
            {
                throw new InvalidOperationException($"Seed {seed}: {exception.Message} {Show(input)}", exception);
            }
        }
    }

    /// <summary>Fails where text for people could be taken for a line of its own, or for a command to their terminal.</summary>
    public static void AssertOneLine(string text)
    {
        Assert.DoesNotContain(text, sign => char.IsControl(sign) || sign is '\u2028' or '\u2029' or '\u202e');
        Assert.InRange(text.Length, 1, 4000);
    }

    private static IEnumerable<int> Seeds(int usualRuns) => Enumerable.Range(Setting("SIEMFORWARDER_FUZZ_SEED", FirstSeed), Setting("SIEMFORWARDER_FUZZ_RUNS", usualRuns));

    private static void Attempt(int seed, byte[] input, Action parse)
    {
        try
        {
            parse();
        }
        catch (Exception exception)
        {
            throw new InvalidOperationException($"Seed {seed}: {exception.Message} {Show(input)}", exception);
        }
    }

    // One to six wounds; now and then nothing of the sample is left.
    private static byte[] Break(IReadOnlyList<byte[]> samples, Random random)
    {
        if (random.Next(25) == 0)
        {
            var noise = new byte[random.Next(4000)];
            random.NextBytes(noise);
            return noise;
        }

        var bytes = samples[random.Next(samples.Count)].ToList();
        for (var wounds = random.Next(1, 7); wounds > 0; wounds--)
        {
            var at = random.Next(bytes.Count + 1);
            switch (random.Next(7))
            {
                case 0 when bytes.Count > 0:
                    bytes.RemoveRange(at, bytes.Count - at);
                    break;
                case 1 when at < bytes.Count:
                    bytes[at] = (byte)random.Next(256);
                    break;
                case 2 when at < bytes.Count:
                    bytes[at] ^= (byte)(1 << random.Next(8));
                    break;
                case 3:
                    bytes.InsertRange(at, bytes.GetRange(at, Math.Min(bytes.Count - at, random.Next(200))));
                    break;
                case 4:
                    bytes.RemoveRange(at, Math.Min(bytes.Count - at, random.Next(40)));
                    break;
                case 5:
                    bytes.InsertRange(at, samples[random.Next(samples.Count)].Take(2000));
                    break;
                default:
                    bytes.InsertRange(at, Pieces[random.Next(Pieces.Length)]);
                    break;
            }
        }

        return [.. bytes];
    }

    private static string Show(byte[] input) => $"Input in Base64, {input.Length} bytes: {Convert.ToBase64String(input.AsSpan(0, Math.Min(input.Length, 1500)))}";

    private static int Setting(string name, int usual) => int.TryParse(Environment.GetEnvironmentVariable(name), CultureInfo.InvariantCulture, out var value) ? value : usual;
}
