using System.Globalization;
using System.Runtime.Versioning;

[assembly: SupportedOSPlatform("linux")]

namespace SiemForwarder.Reliability;

/// <summary>What a run was asked for on the command line.</summary>
/// <param name="Seed">Seed of everything that is left to chance.</param>
/// <param name="Scenarios">Beginnings of names; none for all.</param>
/// <param name="AtOnce">How many scenarios run at one time.</param>
/// <param name="Minutes">Repeats the chosen scenarios with further seeds until this long has passed; 0 for one pass.</param>
internal sealed record RunOptions(int Seed, IReadOnlyList<string> Scenarios, int AtOnce, double Minutes)
{
    public const string Usage = "Usage: list | run [--seed N] [--scenario NAME]… [--at-once N] [--minutes N]";

    /// <summary>Null where the arguments cannot be understood.</summary>
    public static RunOptions? Parse(string[] args)
    {
        var options = new RunOptions(1, [], 2, 0);
        for (var i = 0; i + 1 < args.Length; i += 2)
        {
            var value = args[i + 1];
            var isNumber = double.TryParse(value, CultureInfo.InvariantCulture, out var number);
            options = args[i] switch
            {
                "--seed" when isNumber => options with { Seed = (int)number },
                "--scenario" => options with { Scenarios = [.. options.Scenarios, value] },
                "--at-once" when number >= 1 => options with { AtOnce = (int)number },
                "--minutes" when isNumber => options with { Minutes = number },
                _ => null,
            };
            if (options is null)
            {
                return null;
            }
        }

        return args.Length % 2 == 0 ? options : null;
    }
}
