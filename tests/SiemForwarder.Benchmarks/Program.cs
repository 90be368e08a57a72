using System.Globalization;
using SiemForwarder.Benchmarks;

switch (args.FirstOrDefault())
{
    case "catch-up":
        await CatchUp.RunAsync(args.Length > 1 ? int.Parse(args[1], CultureInfo.InvariantCulture) : 500_000);
        return 0;
    case "stages":
        await Stages.RunAsync();
        return 0;
    case "pushes":
        await Pushes.RunAsync();
        return 0;
    case "throughput":
        await Throughput.RunAsync(args.Length > 1 ? int.Parse(args[1], CultureInfo.InvariantCulture) : 600_000, args.Contains("http"));
        return 0;
    case "growth":
        await Growth.RunAsync(args.Contains("bounds"));
        return 0;
    case "detections" when args.Contains("stored"):
        await DetectionEndToEnd.RunAsync();
        return 0;
    case "detections":
        DetectionSpeed.Run();
        await DetectionEndToEnd.RunAsync();
        return 0;
    default:
        Console.Error.WriteLine("Usage: catch-up [events] | throughput [events] [http] | stages | pushes | growth [bounds] | detections [stored]");
        return 1;
}
